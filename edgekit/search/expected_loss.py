"""The loss that decisions' margins lead to expect, where too few samples can show it.

A sample's margin is how far its class lies above the next one, or a yes above the threshold, in
logits. Quantization moves it a little. How many samples that flips can be said long before one of
them does: with margins `m` and errors of them with mean `d` and standard deviation `s`, the share
that stays right is the mean of `Phi((m + d) / s)`.
"""

from __future__ import annotations

import math

import numpy as np

from edgekit.core.errors import EdgekitError
from edgekit.core.records import TensorSpec
from edgekit.measure import agreement, classes, fidelity


def expected_loss(
    reference: np.ndarray,
    candidate: np.ndarray,
    labels: np.ndarray | None,
    spec: TensorSpec,
) -> float | None:
    """The accuracy that is lost, or without labels the share that no longer agrees.

    Args:
        reference: The float file's output: `(n, classes)`, or of kind `binary` or `tags`
            `(n, ...)`, each value a decision by itself.
        candidate: The quantized file's.
        labels: As `measure.classes.ids` takes them; None to compare with the reference.
        spec: The output.

    Returns:
        A fraction, below 0 where more is won than lost; None for outputs of another shape.
    """
    if len(reference) < 2:
        return None
    if spec.kind in ("binary", "tags"):
        return _of_sides(reference, candidate, labels, spec)
    if reference.ndim != 2 or reference.shape[1] < 2:
        return None
    before, after = _logits(reference, candidate)
    ids = before.argmax(axis=1)
    if labels is not None:
        try:
            ids = classes.ids(labels, before, spec)
        except EdgekitError:
            return None
    return _expected(_margins(before, ids), _margins(after, ids), by_labels=labels is not None)


def _of_sides(
    reference: np.ndarray, candidate: np.ndarray, labels: np.ndarray | None, spec: TensorSpec
) -> float | None:
    """Of decisions at a threshold: column by column, each of which has an error of its own."""
    limit = agreement.threshold(reference, spec)
    before, after = reference.reshape(len(reference), -1), candidate.reshape(len(candidate), -1)
    if limit:
        before, after = _log_odds(before, after)
    yes = before > 0
    if labels is not None:
        yes = np.asarray(labels).reshape(len(labels), -1) == 1
        if yes.shape != before.shape:
            return None
    side = np.where(yes, 1.0, -1.0)
    by_column = [
        _expected(side[:, i] * before[:, i], side[:, i] * after[:, i], by_labels=labels is not None)
        for i in range(before.shape[1])
    ]
    return float(np.mean(by_column))


def _log_odds(reference: np.ndarray, candidate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities as logits; what an integer sigmoid rounds to 0 or 1 is half a step from it."""
    a, b = np.asarray(reference, np.float64), np.asarray(candidate, np.float64)
    near = np.minimum(b, 1 - b)
    least = float(near[near > 0].min()) / 2 if (near <= 0).any() and (near > 0).any() else 0.0
    least = max(least, fidelity.SMALLEST_PROBABILITY)
    inside = (np.clip(values, least, 1 - least) for values in (a, b))
    first, second = (np.log(values / (1 - values)) for values in inside)
    return first, second


def _expected(margin: np.ndarray, moved: np.ndarray, *, by_labels: bool) -> float:
    """The share of decisions that is lost, by their margins before and after, `(n,)` each."""
    shift, spread = float(np.mean(moved - margin)), float(np.std(moved - margin))
    if spread == 0:
        return float(np.mean(margin >= 0) - np.mean(margin + shift >= 0))
    if not by_labels:
        return float(np.mean(1 - _normal((margin + shift) / spread)))
    # Right becomes wrong and wrong right. One sample next to the border would decide if it were
    # counted as either before: it is counted as both, with the same error.
    after_both = _normal((margin + shift) / (spread * math.sqrt(2)))
    return float(np.mean(_normal(margin / spread) - after_both))


def _normal(values: np.ndarray) -> np.ndarray:
    """The standard normal distribution function."""
    return np.array([0.5 * (1 + math.erf(value / math.sqrt(2))) for value in values])


def _logits(reference: np.ndarray, candidate: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    a, b = np.asarray(reference, np.float64), np.asarray(candidate, np.float64)
    if a.min() < 0 or np.abs(a.sum(axis=1) - 1).max() > 0.01:
        return a, b
    # An integer softmax gives zeros and multiples of a step: half of one stands for its zeros.
    least = float(b[b > 0].min()) / 2 if (b <= 0).any() and (b > 0).any() else 0.0
    least = max(least, fidelity.SMALLEST_PROBABILITY)
    return np.log(np.maximum(a, least)), np.log(np.maximum(b, least))


def _margins(scores: np.ndarray, ids: np.ndarray) -> np.ndarray:
    """How far each sample's class lies above the best of the others, `(n,)`."""
    rows = np.arange(len(scores))
    others = scores.copy()
    others[rows, ids] = -np.inf
    return np.asarray(scores[rows, ids] - others.max(axis=1))
