"""Quantization that a model was trained with: fake quantization of its file, as ranges and weights.

What rounds in training (tfmot's `quantize_model`, `tf.quantization.fake_quant_*`) comes out of
TensorFlow's converter as a QUANTIZE with a DEQUANTIZE behind it, of activations and of weights.
Such a file computes what the trained model computes. To be quantized it has to be plain: each
pair goes, and what it says of its tensor is kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from edgekit.tflite import graph
from edgekit.tflite.constants import constant, set_values
from edgekit.tflite.graph import Operator, Tensor
from edgekit.tflite.graph_edits import drop_unused_tensors
from edgekit.tflite.quantized_weights import QuantizedWeights
from edgekit.tflite.read import read
from edgekit.tflite.schema_objects import Model
from edgekit.tflite.signature import main_operators
from edgekit.tflite.write import to_bytes

_CODES = {"int8": (-128, 127), "uint8": (0, 255)}
# Of symmetric weights, whose codes run from -127 to 127.
_MIDDLE = {"int8": 0, "uint8": 128}


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedRanges:
    """What fake quantization says of a plain float file.

    Attributes:
        ranges: The smallest and the largest value that an activation is rounded to, by tensor name.
        weights: Of symmetric weights, by the operator's index in the plain file.
    """

    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    weights: Mapping[int, QuantizedWeights] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.ranges or self.weights)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A QUANTIZE and the DEQUANTIZE that alone reads it: float to codes to float."""

    source: Tensor
    quantized: Tensor
    result: Tensor


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Rounded:
    """A constant behind its fake quantization.

    Attributes:
        integers: From -127 to 127; None of an asymmetric quantization.
        real: The values that the model computes with.
        scale: In a shape that multiplies them.
    """

    integers: np.ndarray | None
    real: np.ndarray
    scale: np.ndarray


def has_fake_quantization(model: Model) -> bool:
    """Whether a file rounds activations or weights as a trained quantization does."""
    return bool(_pairs(main_operators(model)))


def plain(content: bytes) -> tuple[bytes, TrainedRanges]:
    """A file without fake quantization, and what that said; the file itself where it has none.

    Raises:
        ModelError: The file is damaged.
    """
    model = read(content)
    trained = take_out(model)
    return (to_bytes(model) if trained else content), trained


def take_out(model: Model) -> TrainedRanges:
    """Take fake quantization out of the main graph, in place: weights keep their rounded values.

    Returns:
        What it said; empty, and the model as it was, where there is none.
    """
    operators = main_operators(model)
    pairs = _pairs(operators)
    if not pairs:
        return TrainedRanges()
    main = operators[0].subgraph
    raw = model.subgraphs[main]
    sources: dict[int, int] = {}
    ranges: dict[str, tuple[float, float]] = {}
    rounded: dict[int, _Rounded] = {}
    for pair in pairs:
        source = sources.get(pair.source.index, pair.source.index)
        sources[pair.result.index] = source
        if not pair.source.is_constant:
            # Of what is rounded twice, the first rounding.
            ranges.setdefault(graph.tensor(model, main, source).name, _range(pair.quantized))
        elif source not in rounded:
            rounded[source] = _rounded(constant(model, pair.source), pair.quantized)
            set_values(model, main, pair.source, rounded[source].real)
    gone = {tensor.index for pair in pairs for tensor in (pair.quantized, pair.result)}
    raw.operators = [op for op in raw.operators if not gone.intersection(map(int, op.outputs))]
    for op in raw.operators:
        op.inputs = [sources.get(int(index), int(index)) for index in op.inputs]
    _move_outputs(model, main, sources)
    weights = {
        op.index: trained
        for op in main_operators(model)
        if (trained := _trained(model, op, rounded)) is not None
    }
    drop_unused_tensors(model, main)
    return TrainedRanges(ranges=ranges, weights=weights)


def _pairs(operators: Sequence[Operator]) -> list[_Pair]:
    """In the order of execution, so that what is rounded twice comes in that order."""
    readers: dict[int, list[Operator]] = {}
    for op in operators:
        for tensor in op.inputs:
            readers.setdefault(tensor.index, []).append(op)
    found = []
    for op in operators:
        if op.name != "QUANTIZE" or op.inputs[0].dtype != "float32":
            continue
        [tensor] = op.outputs
        read_by = readers.get(tensor.index, [])
        if tensor.dtype in _CODES and all(reader.name == "DEQUANTIZE" for reader in read_by):
            found += [_Pair(op.inputs[0], tensor, reader.outputs[0]) for reader in read_by]
    return found


def _range(tensor: Tensor) -> tuple[float, float]:
    assert tensor.quantization is not None
    [scale], [zero] = tensor.quantization.scale, tensor.quantization.zero_point
    low, high = _CODES[tensor.dtype]
    return (low - zero) * scale, (high - zero) * scale


def _rounded(values: np.ndarray, tensor: Tensor) -> _Rounded:
    how = tensor.quantization
    assert how is not None
    shape = [1] * values.ndim
    if len(how.scale) > 1:
        shape[how.dimension] = len(how.scale)
    scale = np.asarray(how.scale, np.float32).reshape(shape)
    zero = np.asarray(how.zero_point, np.int64).reshape(shape)
    low, high = _CODES[tensor.dtype]
    integers = np.clip(np.rint(values / scale) + zero, low, high).astype(np.int64) - zero
    symmetric = set(how.zero_point) == {_MIDDLE[tensor.dtype]}
    return _Rounded(
        integers=np.clip(integers, -127, 127).astype(np.int8) if symmetric else None,
        real=(integers * scale).astype(np.float32),
        scale=scale,
    )


def _trained(
    model: Model, op: Operator, rounded: Mapping[int, _Rounded]
) -> QuantizedWeights | None:
    """An operator's weights as they were trained, with a scale for each of its channels."""
    found = rounded.get(op.weight.index) if op.weight is not None else None
    if found is None or found.integers is None:
        return None
    axis = op.facts.channel_axis
    one_each = [1] * found.integers.ndim
    one_each[axis] = found.integers.shape[axis]
    if found.scale.size > 1 and found.scale.shape != tuple(one_each):
        return None  # scales of another axis than the kernels have
    bias = None
    if op.bias is not None and op.bias.is_constant:
        bias = np.asarray(constant(model, op.bias), np.float32).reshape(-1)
    return QuantizedWeights(
        integers=found.integers,
        scales=np.broadcast_to(found.scale, one_each).reshape(-1).astype(np.float32),
        bias=bias,
        bits=8,
        axis=axis,
    )


def _move_outputs(model: Model, main: int, sources: Mapping[int, int]) -> None:
    raw = model.subgraphs[main]
    raw.outputs = [sources.get(int(index), int(index)) for index in raw.outputs]
    for signed in model.signatureDefs or ():
        if signed.subgraphIndex == main:
            for entry in signed.outputs or ():
                entry.tensorIndex = sources.get(int(entry.tensorIndex), int(entry.tensorIndex))
