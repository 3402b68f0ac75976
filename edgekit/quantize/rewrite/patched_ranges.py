"""A quantized model with other ranges: new scales in its bytes, where it would be made anew.

Ranges change scales, zero points and biases that are counted in them, and nothing else. Which
tensor follows which range is the quantizer's affair: it is learned from two models that it made
with different ranges, and believed where one, patched, is the other to the byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from edgekit import tflite
from edgekit.compat import litert
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.rewrite.cast_pairs import pairs
from edgekit.quantize.weights.patch import bias_integers
from edgekit.tflite import Model, Tensor
from edgekit.tflite.quantized_weights import QuantizedWeights

# The smallest width of a range, which the quantizer takes for none.
_LEAST_WIDTH = 1e-9
_SYMMETRIC = "int16"
_LEAST_CODE = {"int8": -128, "uint8": 0}

# A tensor's scale and zero point.
_Steps = tuple[float, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bias:
    """A bias that refined weights brought: its place, and what it is counted by."""

    tensor: int
    activation: int
    values: np.ndarray
    scales: np.ndarray
    dtype: str


class PatchedRanges:
    """A model whose ranges are changed in place.

    Args:
        model: What the quantizer made; changed in place from now on.
        sources: By the index of an activation, the name of the range that it follows.
        ties: Activations that an operator takes and gives with one range.
        biases: Of refined weights.
    """

    def __init__(
        self,
        model: Model,
        sources: Mapping[int, str],
        ties: Sequence[tuple[int, int]],
        biases: Sequence[_Bias],
    ) -> None:
        self.model = model
        self._sources, self._ties, self._biases = sources, ties, biases
        self._graph = tflite.binding(model).subgraph
        self._dtypes = {t.index: t.dtype for t in tflite.tensors(model, self._graph)}
        self._written: tuple[tuple[int, ...], bytearray, list[_View]] | None = None

    def set(self, ranges: Ranges) -> bool:
        """Write other ranges into the model.

        Returns:
            Whether that can be: with these the quantizer might insert a cast, or leave one out.
        """
        try:
            steps = {i: _steps(ranges[n], self._dtypes[i]) for i, n in self._sources.items()}
        except KeyError:
            return False
        if any(steps[a] != steps[b] for a, b in self._ties):
            return False
        tensors = self.model.subgraphs[self._graph].tensors
        for index, (scale, zero_point) in steps.items():
            how = tensors[index].quantization
            how.scale, how.zeroPoint = np.array([scale], np.float32), np.array([zero_point])
        for bias in self._biases:
            step = float(np.asarray(tensors[bias.activation].quantization.scale)[0])
            units, integers = bias_integers(bias.values, step, bias.scales, bias.dtype)
            tensors[bias.tensor].quantization.scale = units
            self.model.buffers[tensors[bias.tensor].buffer].data = integers.view(np.uint8)
        return True

    def serialize(self, model: Model) -> bytes:
        """The bytes of `model`, which is this one: serialized once, then patched as well."""
        graph = model.subgraphs[self._graph]
        outputs = tuple(graph.outputs)
        if self._written is None or self._written[0] != outputs:
            content = bytearray(tflite.to_bytes(model, sharing=False))
            self._written = outputs, content, list(self._views(content))
        _, content, views = self._written
        for view in views:
            view.stored[:] = view.wanted()
        return bytes(content)

    def _views(self, content: bytearray) -> Iterator[_View]:
        """Everything that `set` changes, as it stands in a file's bytes."""
        file = litert.schema().Model.GetRootAs(content, 0)
        graph, tensors = file.Subgraphs(self._graph), self.model.subgraphs[self._graph].tensors

        def quantization(index: int, field: str) -> Callable[[], Any]:
            return lambda: getattr(tensors[index].quantization, field)

        def data(index: int) -> Callable[[], Any]:
            return lambda: self.model.buffers[tensors[index].buffer].data

        for index in self._sources:
            how = graph.Tensors(index).Quantization()
            yield _View(how.ScaleAsNumpy(), quantization(index, "scale"))
            yield _View(how.ZeroPointAsNumpy(), quantization(index, "zeroPoint"))
        for bias in self._biases:
            how = graph.Tensors(bias.tensor).Quantization()
            yield _View(how.ScaleAsNumpy(), quantization(bias.tensor, "scale"))
            stored = file.Buffers(tensors[bias.tensor].buffer).DataAsNumpy()
            yield _View(stored, data(bias.tensor))


@dataclass(frozen=True, slots=True)
class _View:
    """Numbers in a file's bytes, and those that should stand there."""

    stored: np.ndarray
    wanted: Callable[[], Any]


def learn(
    before: Model,
    first: tuple[Model, Ranges],
    second: tuple[Model, Ranges],
    weights: Mapping[int, QuantizedWeights],
) -> PatchedRanges | None:
    """A model whose ranges can be changed in place; None where that is more than new scales.

    Args:
        before: The float file.
        first: What the quantizer made with some ranges, with refined weights; it becomes the
            one that is changed.
        second: The same made with others, as different as can be.
        weights: That both have, by the index of their operator in the float file.
    """
    (model, ranges), (other, other_ranges) = first, second
    if len(model.subgraphs) != 1 or len(other.subgraphs) != 1:
        return None  # what loops carry follows rules of its own
    operators = tflite.main_operators(model)
    biases = list(_biases(before, model, weights))
    counted = {bias.tensor for bias in biases}
    known, theirs = tflite.tensors(model), tflite.tensors(other)
    if len(known) != len(theirs):
        return None
    sources = {}
    for ours, its in zip(known, theirs, strict=True):
        if not ours.scale or ours.index in counted or ours.is_constant:
            continue
        name = _source(ours, its, ranges, other_ranges)
        if name is not None:
            sources[ours.index] = name
        elif ours.quantization != its.quantization:
            return None
    ties = {
        (a, b)
        for op in operators
        for a, b in combinations(
            [t.index for t in (*op.inputs, *op.outputs) if t.index in sources], 2
        )
        if known[a].quantization == known[b].quantization
        and theirs[a].quantization == theirs[b].quantization
    }
    patched = PatchedRanges(model, sources, sorted(ties), biases)
    if not patched.set(other_ranges) or tflite.to_bytes(model) != tflite.to_bytes(other):
        return None
    return patched


def _biases(
    before: Model, model: Model, weights: Mapping[int, QuantizedWeights]
) -> Iterator[_Bias]:
    for old, new in pairs(before, model):
        refined = weights.get(old.index)
        if new is None or refined is None or refined.bias is None or new.bias is None:
            continue
        activation = new.operands[new.facts.activation]
        if new.bias.dtype != "float32" and activation is not None:
            yield _Bias(
                tensor=new.bias.index,
                activation=activation.index,
                values=refined.bias,
                scales=refined.scales.astype(np.float32),
                dtype=new.bias.dtype,
            )


def _source(ours: Tensor, its: Tensor, ranges: Ranges, other: Ranges) -> str | None:
    """The range that gives an activation its steps in both models; its own first."""
    if ours.dtype not in (*_LEAST_CODE, _SYMMETRIC) or ours.dtype != its.dtype:
        return None
    if len(ours.scale) != 1 or len(its.scale) != 1:
        return None
    wanted, also = _stored(ours), _stored(its)
    names = sorted(ranges, key=lambda name: (name != ours.name, not ours.name.startswith(name)))
    for name in names:
        if _steps(ranges[name], ours.dtype) == wanted and name in other:
            if _steps(other[name], ours.dtype) == also:
                return name
    return None


def _stored(tensor: Tensor) -> _Steps:
    assert tensor.quantization is not None  # it has a scale
    return tensor.quantization.scale[0], tensor.quantization.zero_point[0]


def _steps(sides: Mapping[str, np.ndarray], dtype: str) -> _Steps:
    """Scale and zero point as the quantizer counts them, in the numbers that ranges have."""
    low, high = (np.reshape(sides[side], -1)[0] for side in ("min", "max"))
    if dtype == _SYMMETRIC:
        bound = np.maximum(np.maximum(np.abs(low), np.abs(high)), _LEAST_WIDTH)
        return float(np.float32(bound / 32767)), 0
    low, high = np.minimum(low, 0), np.maximum(high, 0)
    scale = np.maximum(high - low, _LEAST_WIDTH) / 255
    return float(np.float32(scale)), int(np.rint(_LEAST_CODE[dtype] - low / scale))
