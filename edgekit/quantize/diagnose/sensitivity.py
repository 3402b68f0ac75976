"""How errors are measured, and what an error within the float model does to its outputs."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from edgekit import tflite
from edgekit.data.samples import Samples
from edgekit.tflite import Model, Tensor
from edgekit.tflite.dequantize import quantize
from edgekit.tflite.interpreter import Interpreter
from edgekit.tflite.probes import with_probes

# Each sample asks for as many whole runs as there are operators: as many are taken as come to
# so many numbers read and written, and never fewer than 4. That is 10 s for EfficientNet-Lite0,
# and all 64 samples for a network of a megabyte.
_WORK = 2e9
_FEWEST = 4
# As in `measure.fidelity`: of no larger magnitude is zero.
_ZERO = 1e-12


class Harm:
    """What errors within the float model do to its outputs.

    Args:
        model: The float file, as `tflite.read` gave it; it is changed.
        computed: The activations that errors are put into.
        samples: The first few of them are run.
    """

    def __init__(self, model: Model, computed: Sequence[Tensor], samples: Samples) -> None:
        names = tflite.binding(model)
        known = tflite.tensors(model, names.subgraph)
        one_run = sum(math.prod(t.shape) + t.weight_bytes // 4 for t in known)
        affordable = int(_WORK / max(1, one_run * len(computed)))
        self._rows = min(max(_FEWEST, affordable), len(samples))
        fed = [known[index] for index in model.subgraphs[names.subgraph].inputs]
        by_index = {index: samples.inputs[name] for name, index in names.inputs.items()}
        self._runner = Interpreter(with_probes(model, names.subgraph, computed))
        self._runner.allocate()
        self._inputs = [quantize(by_index[tensor.index][: self._rows], tensor) for tensor in fed]
        # Behind the inputs of the graph, one for each activation: what is added to it.
        self._probes = {tensor.index: len(fed) + i for i, tensor in enumerate(computed)}
        for place in self._probes.values():
            self._clear(place)
        self._expected = self._outputs({})

    def of(
        self,
        tensors: Sequence[Tensor],
        expected: Sequence[np.ndarray],
        given: Sequence[np.ndarray],
    ) -> float | None:
        """SQNR in dB of the model's outputs when these activations are off by this much."""
        added = {
            tensor.index: (b - a)[: self._rows]
            for tensor, a, b in zip(tensors, expected, given, strict=True)
            if tensor.index in self._probes
        }
        if not added or not all(np.isfinite(values).all() for values in added.values()):
            return None
        if not any(values.any() for values in added.values()):
            return math.inf
        return worst(self._expected, self._outputs(added))

    def _outputs(self, added: Mapping[int, np.ndarray]) -> list[np.ndarray]:
        rows: list[list[np.ndarray]] = []
        for row in range(self._rows):
            for place, values in enumerate(self._inputs):
                self._runner.set(place, values[row])
            for index, values in added.items():
                self._runner.set(self._probes[index], values[row].astype(np.float32))
            rows.append(self._runner.outputs())
        for index in added:
            self._clear(self._probes[index])
        return [np.stack(values) for values in zip(*rows, strict=True)]

    def _clear(self, place: int) -> None:
        self._runner.set(place, np.zeros(self._runner.shapes[place], np.float32))


def worst(reference: Sequence[np.ndarray], candidate: Sequence[np.ndarray]) -> float:
    """SQNR in dB of the worst of some tensors, each pooled over its samples, `(n, ...)`."""
    return min(sqnr_db(a, b) for a, b in zip(reference, candidate, strict=True))


def sqnr_db(reference: np.ndarray, candidate: np.ndarray) -> float:
    """SQNR of activations in dB, as `measure.fidelity.sqnr_db`, where the reference is finite.

    Where it is infinite, as in the masks of attention, a ratio says nothing.

    Returns:
        `inf` where nothing differs, or nothing on either side exceeds 1e-12; `-inf` where only
        the reference is zero, or the candidate is not finite.
    """
    signal = noise = 0.0
    count = 0
    for a, b in _rows(reference, candidate):
        finite = np.isfinite(a)
        if not finite.all():
            a, b = a[finite], b[finite]
        signal += _power(a)
        noise += _power(a - b)
        count += a.size
    if not math.isfinite(noise):
        return -math.inf
    if noise == 0.0 or (signal <= count * _ZERO**2 and _nothing_but_zero(reference, candidate)):
        return math.inf
    return 10 * math.log10(signal / noise) if signal > 0.0 else -math.inf


def _power(values: np.ndarray) -> float:
    """The sum of squares."""
    # Not `np.dot`: it shares such a sum among threads, and where other processes have the cores
    # it waits for them. On two busy ones it took 40 s for MobileNet's activations; this, 0.3 s.
    return float(np.einsum("i,i->", values, values))


def _nothing_but_zero(reference: np.ndarray, candidate: np.ndarray) -> bool:
    """Whether nothing on either side exceeds 1e-12, where the reference is finite."""
    finite = np.isfinite(reference)
    a, b = reference[finite], candidate.reshape(reference.shape)[finite]
    return a.size == 0 or max(float(np.abs(a).max()), float(np.abs(b).max())) <= _ZERO


def _rows(a: np.ndarray, b: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Sample by sample as float64: all at once would take twice the memory of both."""
    for first, second in zip(a, b.reshape(a.shape), strict=True):
        yield first.astype(np.float64).reshape(-1), second.astype(np.float64).reshape(-1)
