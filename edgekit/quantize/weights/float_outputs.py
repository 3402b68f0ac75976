"""What the float file's operators give at the places that weights are fitted at.

The same for all ways to quantize it: found at the first, and kept for those that follow.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgekit import tflite
from edgekit.quantize.weights.matrices import Linear
from edgekit.tflite import Model
from edgekit.tflite.step_interpreter import Steps

# Of all that is kept. What is beyond it is computed each time.
_KEPT_BYTES = 384 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """Outputs before the activation, `(groups, rows, outputs)`, and where they were taken."""

    places: np.ndarray
    values: np.ndarray


class FloatOutputs:
    """The float file on some samples, run no further than is asked for.

    Args:
        model: The float file.
        inputs: Calibration samples by input name, `(n, ...)`.
        num_threads: Of the interpreters; as many as there are cores by default.
    """

    def __init__(
        self, model: Model, inputs: Mapping[str, np.ndarray], num_threads: int | None = None
    ) -> None:
        self.model, self._inputs, self._num_threads = model, inputs, num_threads
        self.operators = tflite.main_operators(model)
        self.num_samples = len(next(iter(inputs.values())))
        self._steps: Steps | None = None
        self._next = 0  # the operator that the steps stand before
        self._kept: dict[int, _Kept] = {}
        self._free_bytes = _KEPT_BYTES

    def at(self, view: Linear, places: np.ndarray) -> np.ndarray:
        """Outputs of an operator before its activation, `(groups, rows, outputs)`."""
        kept = self._kept.get(view.op.index)
        if kept is not None and np.array_equal(kept.places, places):
            return kept.values
        values = multiplied(view, view.weights, self.rows(view, places))
        if values.nbytes <= self._free_bytes and kept is None:
            self._free_bytes -= values.nbytes
            self._kept[view.op.index] = _Kept(places=places, values=values)
        return values

    def rows(self, view: Linear, places: np.ndarray) -> np.ndarray:
        """What an operator multiplies its weights by (see `Linear.rows`)."""
        index = view.op.index
        if self._steps is None or self._next > index:
            self._steps, self._next = Steps(self.model, self._inputs, self._num_threads), 0
        for op in self.operators[self._next : index]:
            self._steps.run(op)
        self._next = index
        [source] = view.op.operands[:1]
        assert source is not None  # what is multiplied
        return view.rows(self._steps.stored(source), source, places)

    def end(self) -> None:
        """Let go of activations; what is kept stays."""
        self._steps = None


def multiplied(view: Linear, weights: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Rows times weights, and the bias: `(groups, rows, outputs)`."""
    products = rows @ np.swapaxes(weights, 1, 2)
    return np.asarray(products if view.bias is None else products + view.bias[:, None])
