"""What errors of single activations do to a float model's outputs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from edgekit import tflite
from edgekit.data.samples import Samples
from edgekit.quantize.diagnose import scores
from edgekit.tflite import Tensor
from edgekit.tflite.interpreter import Interpreter
from edgekit.tflite.probes import with_probes

_LEVELS = 255.0


class ErrorsPutIn:
    """The float model with an input for each activation, which adds an error to it.

    Args:
        content: The float file.
        samples: What it is run on.
        probed: The activations beside its inputs.
    """

    def __init__(self, content: bytes, samples: Samples, probed: Sequence[Tensor]) -> None:
        model = tflite.read(content)
        names = tflite.binding(model)
        read, _ = scores.before_softmax(model, names)
        graph = model.subgraphs[names.subgraph]
        known = tflite.tensors(model, names.subgraph)
        graph.outputs = list(dict.fromkeys(read.values()))
        places = {index: place for place, index in enumerate(graph.inputs)}
        self._fed = {
            index: samples.inputs[name].astype(known[index].dtype)
            for name, index in names.inputs.items()
        }
        self._places = {t.index: len(places) + i for i, t in enumerate(probed)}
        self._inputs = places
        self._rows = len(samples)
        self._runner = Interpreter(with_probes(model, names.subgraph, probed))
        self._runner.allocate()
        for place in self._places.values():
            self._clear(place)
        self._expected = self._run(None, None)

    def takes(self, tensor: Tensor) -> bool:
        """Whether errors can be put into an activation."""
        is_fed = tensor.index in self._fed and self._fed[tensor.index].dtype == np.float32
        return is_fed or tensor.index in self._places

    def noise(self, tensor: Tensor, error: np.ndarray) -> float:
        """Noise over signal, the mean over outputs, where an activation is off by `error`."""
        if not np.isfinite(error).all():
            return math.inf
        if not error.any():
            return 0.0
        found = self._run(tensor, error)
        ratios = []
        for expected, values in zip(self._expected, found, strict=True):
            signal = np.square(expected, dtype=np.float64).sum()
            noise = np.square(values.astype(np.float64) - expected).sum()
            ratios.append(noise / signal if signal else noise)
        return float(np.mean(ratios))

    def _run(self, tensor: Tensor | None, error: np.ndarray | None) -> list[np.ndarray]:
        rows = []
        for row in range(self._rows):
            for index, values in self._fed.items():
                value = values[row]
                if tensor is not None and error is not None and tensor.index == index:
                    value = value + error[row].reshape(value.shape).astype(np.float32)
                self._runner.set(self._inputs[index], value)
            if tensor is not None and error is not None and tensor.index in self._places:
                self._runner.set(self._places[tensor.index], error[row].astype(np.float32))
            rows.append(self._runner.outputs())
        if tensor is not None and tensor.index in self._places:
            self._clear(self._places[tensor.index])
        return [np.stack(values) for values in zip(*rows, strict=True)]

    def _clear(self, place: int) -> None:
        self._runner.set(place, np.zeros(self._runner.shapes[place], np.float32))


def on_grid(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """Values rounded to 256 steps between two ends, of which zero is one."""
    step = (high - low) / _LEVELS
    if step <= 0:
        return values
    zero = round(-low / step)
    codes = np.clip(np.rint(values / step) + zero, 0, _LEVELS)
    return np.asarray((codes - zero) * step)
