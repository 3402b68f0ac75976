"""Which detections hit a box of the same class, at several thresholds of overlap at once."""

from __future__ import annotations

import numpy as np

from edgekit.measure.detection import box_geometry
from edgekit.measure.detection.box_geometry import Detections

COCO_THRESHOLDS = np.linspace(0.5, 0.95, 10)
_JUST_BELOW = 1 - 1e-10


def matched(found: Detections, truth: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """COCO's matching in one image: the surest detection chooses first, the box it overlaps most.

    Args:
        found: The surest first.
        truth: `(k, 5)`: x0 y0 x1 y1 class; rows of a class below 0 are none.
        thresholds: IoUs that a hit has at least, ascending `(t,)`.

    Returns:
        `(t, detections)`, whether each hits a box that no surer one has hit.
    """
    hits = np.zeros((len(thresholds), len(found.scores)), dtype=bool)
    if not hits.size or not len(truth):
        return hits
    limits = np.minimum(thresholds, _JUST_BELOW)
    overlaps = box_geometry.iou(found.boxes, truth[:, :4])
    overlaps[found.classes[:, None] != truth[None, :, 4]] = -1
    taken = np.zeros((len(thresholds), len(truth)), dtype=bool)
    each = np.arange(len(thresholds))
    for number in np.flatnonzero(overlaps.max(axis=1) >= limits[0]):
        free = np.where(taken, -1.0, overlaps[number])
        chosen = free.shape[1] - 1 - free[:, ::-1].argmax(axis=1)  # of equals the last, as COCO
        hit = free[each, chosen] >= limits
        taken[each[hit], chosen[hit]] = True
        hits[:, number] = hit
    return hits


def num_alike(first: Detections, second: Detections, threshold: float) -> int:
    """How many boxes of `second` match one of `first`, of the same class, each once."""
    boxes = np.concatenate([first.boxes, first.classes[:, None]], axis=1)
    return int(matched(second, boxes, np.array([threshold])).sum())
