"""The loss that classes' margins lead to expect, where too few samples can show it.

A sample's margin is how far its class lies above the next one, in logits. Quantization moves
it a little. How many samples that flips can be said long before one of them does: with margins
`m` and an error of them of standard deviation `s`, the share that stays right is the mean of
`Phi(m / s)`.
"""

from __future__ import annotations

import math

import numpy as np

from edgekit.errors import EdgekitError
from edgekit.measure import classes
from edgekit.records import TensorSpec

# As in `measure.fidelity`: below it a probability says nothing.
_SMALLEST = 1e-7


def expected_loss(
    reference: np.ndarray,
    candidate: np.ndarray,
    labels: np.ndarray | None,
    spec: TensorSpec,
) -> float | None:
    """The accuracy that is lost, or without labels the share that no longer agrees.

    Args:
        reference: The float file's output, `(n, classes)`.
        candidate: The quantized file's.
        labels: As `measure.classes.ids` takes them; None to compare with the reference.
        spec: The output.

    Returns:
        A fraction, below 0 where more is won than lost; None for outputs of another shape.
    """
    if reference.ndim != 2 or reference.shape[1] < 2 or len(reference) < 2:
        return None
    before, after = _logits(reference, candidate)
    ids = before.argmax(axis=1)
    if labels is not None:
        try:
            ids = classes.ids(labels, before, spec)
        except EdgekitError:
            return None
    margin, moved = _margins(before, ids), _margins(after, ids)
    spread = float(np.sqrt(np.mean(np.square(moved - margin))))
    if spread == 0:
        return 0.0
    stays = np.array([0.5 * (1 + math.erf(m / (spread * math.sqrt(2)))) for m in margin])
    return float(np.mean((margin >= 0).astype(np.float64) - stays))


def _logits(reference: np.ndarray, candidate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(reference, np.float64), np.asarray(candidate, np.float64)
    if a.min() < 0 or np.abs(a.sum(axis=1) - 1).max() > 0.01:
        return a, b
    # An integer softmax gives zeros and multiples of a step: half of one stands for its zeros.
    least = float(b[b > 0].min()) / 2 if (b <= 0).any() and (b > 0).any() else 0.0
    least = max(least, _SMALLEST)
    return np.log(np.maximum(a, least)), np.log(np.maximum(b, least))


def _margins(scores: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """How far each sample's class lies above the best of the others, `(n,)`."""
    rows = np.arange(len(scores))
    others = scores.copy()
    others[rows, ids] = -np.inf
    return np.asarray(scores[rows, ids] - others.max(axis=1))
