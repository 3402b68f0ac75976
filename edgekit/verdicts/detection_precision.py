"""Mean average precision on many choices of images at once, by COCO's definition.

Detections and their matches do not change when images are drawn anew; only how often each counts
does. So detections are sorted once, and for all draws together their weights are summed up along
that order. Precision can only be largest at a hit: the rest of the work is done at hits alone.
"""

from __future__ import annotations

import numpy as np

RECALLS = np.linspace(0.0, 1.0, 101)
BITS = 10
"""Thresholds of overlap whose hits one code holds."""

_AT_ONCE = 1 << 22  # numbers of one table: 32 MB


def mean_ap(parts: np.ndarray, rows: np.ndarray, thresholds: int) -> np.ndarray:
    """The mean over thresholds and classes of the average precision at 101 recalls.

    Args:
        parts: `(3 * slots, n)`, as `encode` makes them.
        rows: Indices of images `(r, m)`.
        thresholds: How many of a code's hits count, from the lowest threshold on.

    Returns:
        `(r,)`; NaN where a choice of images has no box at all.
    """
    truths, scores, codes = (parts[number::3] for number in range(3))
    classes = np.unique(truths[truths >= 0])
    total, count = np.zeros(len(rows)), np.zeros(len(rows))
    weights = _weights(rows, parts.shape[1])
    for one in classes:
        boxes = (truths == one).sum(axis=0) @ weights
        slot, image = np.nonzero((codes >= 0) & (codes // 2**BITS == one))
        order = np.lexsort((slot, image, -scores[slot, image]))
        slot, image = slot[order], image[order]
        hits = (codes[slot, image].astype(np.int64)[None] >> np.arange(thresholds)[:, None]) & 1
        values = _average_precision(image, hits.astype(bool), weights, boxes)
        there = boxes > 0
        total[there] += values[there]
        count += there
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(total / count)


def encode(classes: np.ndarray, hits: np.ndarray) -> np.ndarray:
    """Classes `(k,)` and hits `(thresholds, k)` of detections as one number each."""
    bits = hits.astype(np.int64) << np.arange(len(hits))[:, None]
    return np.asarray(classes * 2**BITS + bits.sum(axis=0))


def _weights(rows: np.ndarray, n: int) -> np.ndarray:
    """How often each choice takes each image, `(n, r)`."""
    places = rows + n * np.arange(len(rows))[:, None]
    counts = np.bincount(places.ravel(), minlength=n * len(rows)).reshape(len(rows), n)
    return np.ascontiguousarray(counts.T, dtype=np.float64)


def _average_precision(
    image: np.ndarray, hits: np.ndarray, weights: np.ndarray, boxes: np.ndarray
) -> np.ndarray:
    """Of one class, the mean over thresholds, `(r,)`.

    Args:
        image: That of each detection, the surest first `(d,)`.
        hits: `(thresholds, d)`.
        weights: `(n, r)`.
        boxes: How many there are to be found `(r,)`.
    """
    found = np.zeros(weights.shape[1])
    last = np.flatnonzero(hits.any(axis=0))
    if not len(last):
        return found
    image, hits = image[: last[-1] + 1], hits[:, : last[-1] + 1]
    batch = max(1, _AT_ONCE // len(image))
    for start in range(0, weights.shape[1], batch):
        part = slice(start, start + batch)
        drawn = weights[:, part][image]
        before = np.cumsum(drawn, axis=0)
        for hit in hits:
            place = np.flatnonzero(hit)
            if len(place):
                found[part] += _at_recalls(drawn[place], before[place], boxes[part])
    return found / len(hits)


def _at_recalls(drawn: np.ndarray, before: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    """The mean precision at 101 recalls, `(r,)`.

    Args:
        drawn: How often each hit counts, the surest first `(hits, r)`.
        before: How many detections there are up to each `(hits, r)`.
        boxes: How many there are to be found `(r,)`.
    """
    right = np.cumsum(drawn, axis=0)
    precision = np.divide(right, before, out=np.zeros_like(right), where=before > 0)
    best = np.maximum.accumulate(precision[::-1], axis=0)[::-1]
    recall = right / np.maximum(boxes, 1)
    reached = np.minimum((recall * 100 + 1e-9).astype(np.int64), 100)
    reached -= RECALLS[reached] > recall  # equal but for rounding is not reached, as in COCO
    first = np.diff(reached, axis=0, prepend=-1)
    return np.asarray((best * first).sum(axis=0) / len(RECALLS))
