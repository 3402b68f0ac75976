"""Boxes: their formats, their overlap, and the weaker of those that overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.core.box_decoder import BoxFormat, BoxUnit

_LARGEST_FRACTION = 2.0
_IN_ORDER = 0.99
_MOST_ROWS = 1000


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """What is detected in one image, the surest first.

    Attributes:
        boxes: `(k, 4)`, x0 y0 x1 y1 in pixels of the model's input.
        scores: `(k,)`, 0 to 1.
        classes: `(k,)`, class ids.
    """

    boxes: np.ndarray
    scores: np.ndarray
    classes: np.ndarray

    def above(self, score: float) -> Detections:
        """Those whose score is at least this."""
        return self._where(self.scores >= score)

    def with_area(self) -> Detections:
        """Those that have any: nobody sees the others, and they overlap nothing."""
        return self._where(np.asarray((self.boxes[:, 2:] > self.boxes[:, :2]).all(axis=1)))

    def best(self, count: int) -> Detections:
        """The surest so many; of equal scores the earlier."""
        return self._where(np.argsort(-self.scores, kind="stable")[:count])

    def _where(self, chosen: np.ndarray) -> Detections:
        return Detections(self.boxes[chosen], self.scores[chosen], self.classes[chosen])


def corners(boxes: np.ndarray, box_format: BoxFormat) -> np.ndarray:
    """Boxes `(..., 4)` of any format as x0 y0 x1 y1, in their own unit.

    Without a format they are corners where nearly all rows have them in order, else centre and
    size: in rows that cover an image, few are wider than their centre is far from the left.
    """
    boxes = np.asarray(boxes, dtype=np.float64)
    if box_format == "":
        ordered = (boxes[..., 2:] >= boxes[..., :2]).all(axis=-1)
        box_format = "xyxy" if ordered.mean() >= _IN_ORDER else "cxcywh"
    if box_format in ("yxyx", "cycxhw"):
        boxes = boxes[..., [1, 0, 3, 2]]
    if box_format in ("cxcywh", "cycxhw"):
        half = boxes[..., 2:] / 2
        return np.concatenate([boxes[..., :2] - half, boxes[..., :2] + half], axis=-1)
    if box_format == "xywh":
        return np.concatenate([boxes[..., :2], boxes[..., :2] + boxes[..., 2:]], axis=-1)
    return boxes


def in_pixels(boxes: np.ndarray, unit: BoxUnit, size: tuple[int, int]) -> np.ndarray:
    """Boxes `(..., 4)`, x0 y0 x1 y1 or centre and size, in pixels of an input of `size`.

    Args:
        boxes: In `unit`; where that is empty, fractions if no number is above 2.
        unit: `pixels`, `fractions` or empty.
        size: Height and width.
    """
    if unit == "":
        unit = "fractions" if np.abs(boxes).max(initial=0) <= _LARGEST_FRACTION else "pixels"
    height, width = size
    return boxes * [width, height, width, height] if unit == "fractions" else boxes


def iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes `(a, 4)` and `(b, 4)`: `(a, b)`, 0 where both are empty."""
    sides = []
    for low, high in ((0, 2), (1, 3)):
        start = np.maximum(first[:, None, low], second[None, :, low])
        stop = np.minimum(first[:, None, high], second[None, :, high])
        sides.append(np.maximum(stop - start, 0))
    inside = sides[0] * sides[1]
    areas = [np.maximum(0, boxes[:, 2:] - boxes[:, :2]).prod(axis=-1) for boxes in (first, second)]
    union = areas[0][:, None] + areas[1][None] - inside
    return np.asarray(np.divide(inside, union, out=np.zeros_like(inside), where=union > 0))


def suppress(
    boxes: np.ndarray, scores: np.ndarray, *, min_score: float, overlap: float, most: int
) -> Detections:
    """Non-maximum suppression of one image's rows, class by class.

    Args:
        boxes: `(rows, 4)`, x0 y0 x1 y1.
        scores: `(rows, classes)`.
        min_score: Scores below are left out.
        overlap: Above this IoU the weaker of two boxes of a class goes; 1: none does.
        most: How many are kept, the surest; of the rows at most a thousand compete.
    """
    rows = np.flatnonzero(scores.max(axis=1, initial=0) >= min_score)
    if len(rows) > _MOST_ROWS:
        rows = np.sort(rows[np.argsort(-scores[rows].max(axis=1), kind="stable")[:_MOST_ROWS]])
    boxes, scores = boxes[rows], scores[rows]
    close = _as_bits(iou(boxes, boxes) > overlap) if overlap < 1 else None
    chosen, classes = [], []
    for number in range(scores.shape[1]):
        candidates = np.flatnonzero(scores[:, number] >= min_score)
        order = candidates[np.argsort(-scores[candidates, number], kind="stable")]
        kept = order if close is None else _greedy(order, close, most)
        chosen.append(kept)
        classes.append(np.full(len(kept), number))
    row, of = np.concatenate([*chosen, []]).astype(int), np.concatenate([*classes, []]).astype(int)
    return Detections(boxes[row], scores[row, of], of).best(most)


def _greedy(order: np.ndarray, close: Sequence[int], most: int) -> np.ndarray:
    """Of rows, the surest first, those that no surer one of them is close to."""
    gone = 0
    kept: list[int] = []
    for row in order.tolist():
        if not gone >> row & 1:
            kept.append(row)
            if len(kept) == most:
                break
            gone |= close[row]
    return np.array(kept, dtype=int)


def _as_bits(table: np.ndarray) -> list[int]:
    """Each row of a table of booleans as one number, whose bit `i` is column `i`."""
    packed = np.packbits(table, axis=1, bitorder="little")
    return [int.from_bytes(row.tobytes(), "little") for row in packed]
