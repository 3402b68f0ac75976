"""How errors are measured, and what an error within the float model does to its outputs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from edgekit import tflite
from edgekit.core.errors import QuantizeError
from edgekit.core.records import TensorSpec
from edgekit.data.samples import Samples
from edgekit.tflite import Model, Tensor, recognise_outputs, signal
from edgekit.tflite.channels import channels
from edgekit.tflite.dequantize import quantize
from edgekit.tflite.interpreter import Interpreter
from edgekit.tflite.probes import with_probes

# Each sample asks for as many whole runs as there are operators: as many are taken as come to
# so many numbers read and written, and never fewer than 4. That is 10 s for EfficientNet-Lite0,
# and all 64 samples for a network of a megabyte.
_WORK = 2e9
_FEWEST = 4


class OutputSensitivity:
    """What errors within the float model do to its outputs.

    Args:
        model: The float file, as `tflite.read` gave it; it is changed.
        computed: The activations that errors are put into.
        samples: The first few of them are run.

    Raises:
        QuantizeError: LiteRT does not run the file with errors put in.
    """

    def __init__(self, model: Model, computed: Sequence[Tensor], samples: Samples) -> None:
        names = tflite.binding(model)
        known = tflite.tensors(model, names.subgraph)
        described = recognise_outputs.with_kinds(tflite.contract(model), model)
        specs = {names.outputs[spec.name]: spec for spec in described.outputs}
        self._specs = [specs[index] for index in model.subgraphs[names.subgraph].outputs]
        one_run = sum(math.prod(t.shape) + t.weight_bytes // 4 for t in known)
        affordable = int(_WORK / max(1, one_run * len(computed)))
        self._rows = min(max(_FEWEST, affordable), len(samples))
        fed = [known[index] for index in model.subgraphs[names.subgraph].inputs]
        by_index = {index: samples.inputs[name] for name, index in names.inputs.items()}
        self._runner = _runner(with_probes(model, names.subgraph, computed))
        self._inputs = [quantize(by_index[tensor.index][: self._rows], tensor) for tensor in fed]
        # Behind the inputs of the graph, one for each activation: what is added to it.
        self._probes = {tensor.index: len(fed) + i for i, tensor in enumerate(computed)}
        for place in self._probes.values():
            self._clear(place)
        try:
            self._expected = self._outputs({})
        except RuntimeError as error:  # sizes that LiteRT learns only while it runs
            raise _does_not_run(error) from None

    def sqnr_db(
        self,
        tensors: Sequence[Tensor],
        expected: Sequence[np.ndarray],
        given: Sequence[np.ndarray],
    ) -> float | None:
        """SQNR in dB of the outputs' worst channel when these activations are off by this much."""
        added = {
            tensor.index: (b - a)[: self._rows]
            for tensor, a, b in zip(tensors, expected, given, strict=True)
            if tensor.index in self._probes
        }
        if not added or not all(np.isfinite(values).all() for values in added.values()):
            return None
        if not any(values.any() for values in added.values()):
            return math.inf
        given_outputs = self._outputs(added)
        return min(
            _worst_channel(*pair)
            for pair in zip(self._expected, given_outputs, self._specs, strict=True)
        )

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


def _runner(content: bytes) -> Interpreter:
    """A file that is ready to run, without the delegate where that refuses it.

    Raises:
        QuantizeError: LiteRT cannot run it.
    """
    try:
        runner = Interpreter(content)
        runner.allocate()
    except RuntimeError:
        runner = Interpreter(content, delegated=False)
        try:
            runner.allocate()
        except RuntimeError as error:
            raise _does_not_run(error) from None
    return runner


def _does_not_run(error: RuntimeError) -> QuantizeError:
    return QuantizeError(
        "The float file does not run with errors put into its activations.", received=str(error)
    )


def _worst_channel(reference: np.ndarray, candidate: np.ndarray, spec: TensorSpec) -> float:
    if not (np.isfinite(reference).all() and np.isfinite(candidate).all()):
        return worst([reference], [candidate])
    return min(channel.sqnr_db for channel in channels(reference, candidate, spec))


def worst(reference: Sequence[np.ndarray], candidate: Sequence[np.ndarray]) -> float:
    """SQNR in dB of the worst of some tensors, each pooled over its samples, `(n, ...)`.

    Where a reference is infinite, as in the masks of attention, a ratio says nothing: only the
    finite values are compared.
    """
    pairs = zip(reference, candidate, strict=True)
    return min(signal.sqnr_db(*_finite(a, b)) for a, b in pairs)


def _finite(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    finite = np.isfinite(a)
    return (a, b) if finite.all() else (a[finite], b.reshape(a.shape)[finite])
