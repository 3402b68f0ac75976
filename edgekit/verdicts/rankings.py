"""Metrics of how scores order samples, for many choices of samples at once.

Of each choice only the number of times that each sample is in it matters, so scores are sorted
once for all of them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

_AT_ONCE = 256  # choices whose numbers stay in a core's memory


def times(rows: np.ndarray, n: int) -> np.ndarray:
    """How often each of `n` samples is in each row of indices `(r, m)`: int64 `(r, n)`."""
    flat = rows + n * np.arange(len(rows))[:, None]
    return np.bincount(flat.ravel(), minlength=n * len(rows)).reshape(len(rows), n)


def auc(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Area under the ROC curve, ties half.

    Args:
        parts: Score and class (0 or 1) of each sample, `(2, n)`.
        rows: Indices of samples `(r, m)`.

    Returns:
        `(r,)`; NaN for a choice of one class only.
    """
    negative, positive = _by_score(parts, rows)
    below = np.cumsum(negative, axis=1)
    negatives, positives = below[:, -1], positive.sum(axis=1)
    won = np.einsum("ij,ij->i", positive, 2 * below - negative) / 2  # whole numbers till here
    with np.errstate(invalid="ignore"):
        return np.asarray(won / (positives * negatives))


def equal_error_rate(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Where as many of class 0 are accepted as of class 1 are rejected, as shares of their class.

    Between two thresholds the ROC curve is a line.

    Args:
        parts: Score and class (0 or 1) of each sample, `(2, n)`.
        rows: Indices of samples `(r, m)`.

    Returns:
        `(r,)`; NaN for a choice of one class only.
    """
    negative, positive = (
        np.pad(np.cumsum(counts[:, ::-1], axis=1), ((0, 0), (1, 0)))  # from the strictest on
        for counts in _by_score(parts, rows)
    )
    with np.errstate(invalid="ignore"):
        accepted, rejected = negative / negative[:, -1:], 1 - positive / positive[:, -1:]
    beyond = accepted - rejected  # from -1 to 1
    first = np.maximum(1, np.argmax(beyond >= 0, axis=1))[:, None]
    (a, b), (d, e) = (
        (np.take_along_axis(curve, first - 1, 1), np.take_along_axis(curve, first, 1))
        for curve in (accepted, beyond)
    )
    return np.asarray((a + (b - a) * d / (d - e))[:, 0])


def average_precision(parts: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """Area under the precision-recall curve in steps, averaged over classes.

    A class that nobody in a choice has does not count in it.

    Args:
        parts: Scores of each class, then its labels (0 or 1), `(2 * classes, n)`.
        rows: Indices of samples `(r, m)`.

    Returns:
        `(r,)`; NaN for a choice without any label.
    """
    scores, labels = np.split(parts, 2)
    rankings = [Ranking(a, b) for a, b in zip(scores, labels, strict=True) if b.any()]
    found = [
        _precision(rankings, times(rows[start : start + _AT_ONCE], parts.shape[1]))
        for start in range(0, len(rows), _AT_ONCE)
    ]
    return np.concatenate(found)


def _precision(rankings: Sequence[Ranking], weights: np.ndarray) -> np.ndarray:
    """Of choices that have each sample so many times, `(r, n)`."""
    by_sample = np.ascontiguousarray(weights.T, dtype=np.float32)  # whole numbers below 2**24
    total, counted = np.zeros(len(weights)), np.zeros(len(weights))
    for ranking in rankings:
        drawn = by_sample[ranking.order]
        above = np.cumsum(drawn, axis=0)[ranking.ends]
        own = drawn[ranking.positives].astype(np.float64)
        hits = np.cumsum(own, axis=0)
        there = hits[-1] > 0
        summed = (own * hits[ranking.last] / np.maximum(above, 1)).sum(axis=0)
        total[there] += summed[there] / hits[-1][there]
        counted += there
    with np.errstate(invalid="ignore"):
        return np.asarray(total / counted)


class Ranking:
    """Samples from the largest score to the smallest, equal ones together.

    Attributes:
        order: Their indices `(n,)`.
        positives: Places of those that are labelled `(p,)`.
        ends: For each labelled one the last place of an equal score `(p,)`.
        last: For each labelled one the last labelled one of an equal score `(p,)`.
    """

    def __init__(self, score: np.ndarray, label: np.ndarray) -> None:
        self.order = np.argsort(-score, kind="stable")
        descending = -score[self.order]
        self.positives = np.flatnonzero(label[self.order] > 0)
        own = descending[self.positives]
        self.ends = np.searchsorted(descending, own, side="right") - 1
        self.last = np.searchsorted(own, own, side="right") - 1


def _by_score(parts: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How many of class 0 and of class 1 have each distinct score, ascending: `(r, scores)`."""
    scores, classes = parts
    distinct, place = np.unique(scores, return_inverse=True)
    cells = 2 * len(distinct)
    keys = 2 * place + (classes > 0)
    flat = keys[rows] + cells * np.arange(len(rows))[:, None]
    counts = np.bincount(flat.ravel(), minlength=cells * len(rows))
    counts = counts.reshape(len(rows), len(distinct), 2)
    return counts[..., 0], counts[..., 1]
