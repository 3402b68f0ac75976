"""Metrics of how far what is predicted overlaps what is labelled, class by class.

What each sample adds to a class are three numbers: what is predicted and labelled both, what is
predicted, and what is labelled (samples, tags or pixels). Metrics are quotients of their sums over
samples. A class that nothing is labelled as does not count: what the mean is taken over must not
depend on the file that is judged.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.verdicts.rankings import times

Quotient = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Overlap, predicted and labelled -> numerator and denominator."""


def f1(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """`2 * overlap / (predicted + labelled)`, averaged over classes; of pixels it is Dice's.

    Args:
        parts: Overlaps of each class, then predicted, then labelled, `(3 * classes, n)`.
        rows: Indices of samples `(r, m)`.

    Returns:
        `(r,)`; NaN for a choice without any label.
    """
    return _mean(f1_quotient, parts, rows)


def iou(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Intersection over union, averaged over classes: as `f1`."""
    return _mean(iou_quotient, parts, rows)


def f1_quotient(
    overlap: np.ndarray, predicted: np.ndarray, labelled: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of F1, and of Dice's coefficient."""
    return 2 * overlap, predicted + labelled


def iou_quotient(
    overlap: np.ndarray, predicted: np.ndarray, labelled: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Of intersection over union."""
    return overlap, predicted + labelled - overlap


def labelled(parts: np.ndarray) -> np.ndarray:
    """What is labelled, by class and sample: `(classes, n)`."""
    return parts[2 * len(parts) // 3 :]


def _mean(quotient: Quotient, parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    sums = times(rows, parts.shape[1]).astype(np.float64) @ parts.T
    overlap, predicted, wanted = np.split(sums, 3, axis=1)
    above, below = quotient(overlap, predicted, wanted)
    there = wanted > 0
    values = np.divide(above, below, out=np.zeros(above.shape), where=there)
    with np.errstate(invalid="ignore"):
        return np.asarray(values.sum(axis=1) / there.sum(axis=1))
