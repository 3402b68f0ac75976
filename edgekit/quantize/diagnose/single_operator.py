"""One operator by itself, and how much memory a whole model takes at once."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping

import numpy as np

from edgekit import tflite
from edgekit.quantize.rewrite.cast_pairs import producers
from edgekit.tflite import Model, Operator, Tensor, enums
from edgekit.tflite.dequantize import dequantize
from edgekit.tflite.step_interpreter import Steps


class SingleOperator(Steps):
    """Runs any operator of a model on activations that come from somewhere else.

    Args:
        model: What `tflite.read` returned.
        num_samples: How many each activation has.
    """

    def __init__(self, model: Model, num_samples: int) -> None:
        self.model = model
        self.num_samples = num_samples
        self._num_threads = os.cpu_count() or 1
        self.operators = tuple(tflite.operators(model))
        self._makers = producers(model)
        self._kept: dict[int, np.ndarray] = {}
        self._same: set[int] = set()
        # Nothing is dropped in between: `run_single` empties all.
        self._last_use = {t.index: len(self.operators) for op in self.operators for t in op.inputs}

    def run_single(self, op: Operator, given: Mapping[int, np.ndarray]) -> list[np.ndarray]:
        """What `op` gives.

        Args:
            op: One of the model's operators.
            given: Its activations by tensor index, `(n, ...)` in real units. Those that casts
                make of constants may be left out.

        Returns:
            For each of its outputs `(n, *shape)` in real units.

        Raises:
            QuantizeError: The interpreter could not run it.
        """
        self._kept.clear()
        self._same.clear()
        fed = list(op.activations)
        for tensor in fed:
            if tensor.index in given:
                self.set(tensor, given[tensor.index])
            else:
                self._cast(tensor, op.subgraph)
        results = self._execute(op, fed, self.num_samples)
        self._kept.clear()
        return [dequantize(v, t) for v, t in zip(results, op.outputs, strict=True)]

    def _cast(self, tensor: Tensor, subgraph: int) -> None:
        maker = self._makers[subgraph, tensor.index]
        for inner in maker.inputs:
            if not inner.is_constant:
                self._cast(inner, subgraph)
        self.run(maker)


def live_bytes(model: Model) -> int:
    """The most that the activations of one sample take at once, as they are stored."""
    names = tflite.binding(model)
    operators = tflite.main_operators(model)
    last = {t.index: op.index for op in operators for t in op.inputs}
    last |= dict.fromkeys(names.outputs.values(), len(operators))
    known = tflite.tensors(model, names.subgraph)
    alive = {index: _bytes(known[index]) for index in names.inputs.values()}
    most = sum(alive.values())
    for op in operators:
        alive |= {t.index: _bytes(t) for t in op.outputs}
        most = max(most, sum(alive.values()))
        alive = {i: size for i, size in alive.items() if last.get(i, -1) > op.index}
    return most


def _bytes(tensor: Tensor) -> int:
    return math.prod(abs(size) for size in tensor.shape) * enums.BITS.get(tensor.dtype, 64) // 8
