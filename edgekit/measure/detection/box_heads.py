"""The usual heads: outputs of a detector to boxes and scores of every row, before suppression.

Each function takes the outputs by name, `(n, ...)`, the spec of the output that holds the boxes,
its decoder, and the input's height and width. It returns boxes `(n, rows, 4)`, x0 y0 x1 y1 in
pixels, and scores `(n, rows, classes)`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from edgekit.core.box_decoder import Activation, BoxDecoder, box_columns, scores_columns
from edgekit.core.errors import DataError
from edgekit.core.records import TensorSpec
from edgekit.measure.detection import box_geometry

Outputs = Mapping[str, np.ndarray]
Size = tuple[int, int]
Rows = tuple[np.ndarray, np.ndarray]

_BELOW_PROBABILITIES = -0.5
_MOST_EXPONENT = 20.0  # of a size: beyond, it is no box of any image


def rows(outputs: Outputs, spec: TensorSpec, how: BoxDecoder, size: Size) -> Rows:
    """Boxes that the model has decoded itself, with a score for each class."""
    boxes, scores = _parts(outputs, spec, how)
    corners = box_geometry.corners(boxes, how.box_format)
    return box_geometry.in_pixels(corners, how.box_unit, size), _scores(scores, how)


def ssd(outputs: Outputs, spec: TensorSpec, how: BoxDecoder, size: Size) -> Rows:
    """Offsets from anchors, as SSD and RetinaNet learn them (Liu et al. 2016).

    `centre = anchor centre + t / scale * anchor size`, `size = anchor size * exp(t / scale)`, all
    in the order of `box_format`: `cycxhw` (TensorFlow's) unless `cxcywh` is stated.
    """
    encoded, scores = _parts(outputs, spec, how)
    anchors = np.array(how.anchors, dtype=np.float64)
    if encoded.shape[1] != len(anchors):
        raise DataError(
            f"Output {spec.name!r} must have a row for each of {len(anchors)} anchors.",
            received=f"{encoded.shape[1]} rows",
            hint=f"[output.{spec.name}.decode] anchors are those that the model was trained with.",
        )
    scaled = encoded.astype(np.float64) / np.array(how.scale)
    centres = anchors[:, :2] + scaled[..., :2] * anchors[:, 2:]
    sizes = anchors[:, 2:] * np.exp(np.minimum(scaled[..., 2:], _MOST_EXPONENT))
    unit = how.box_unit or ("fractions" if anchors.max() <= 2 else "pixels")
    boxes = np.concatenate([centres, sizes], axis=-1)
    corners = box_geometry.corners(boxes, how.box_format or "cycxhw")
    return box_geometry.in_pixels(corners, unit, size), _scores(scores, how)


def yolo(outputs: Outputs, spec: TensorSpec, how: BoxDecoder, size: Size) -> Rows:
    """Grids of raw predictions: x, y, width, height, objectness, classes for each anchor.

    `yolo` (Redmon and Farhadi 2018): `(sigmoid(t) + cell) * stride` and `anchor * exp(t)`;
    `yolo_v5`: `(2 * sigmoid(t) - 0.5 + cell) * stride` and `anchor * (2 * sigmoid(t)) ** 2`.
    """
    names = (spec.name, *how.grids)
    per_grid = len(how.anchors) // len(names)
    boxes, scores = [], []
    for number, name in enumerate(names):
        raw = _grid(outputs[name], name, per_grid)
        n, rows_, columns = raw.shape[:3]
        anchors = np.array(how.anchors[number * per_grid :][:per_grid])
        stride = np.array([size[1] / columns, size[0] / rows_])
        cells = np.stack(np.meshgrid(np.arange(columns), np.arange(rows_)), axis=-1)[:, :, None]
        near = _sigmoid(raw[..., :2])
        if how.head == "yolo_v5":
            centres = (2 * near - 0.5 + cells) * stride
            sizes = anchors * (2 * _sigmoid(raw[..., 2:4])) ** 2
        else:
            centres = (near + cells) * stride
            sizes = anchors * np.exp(np.minimum(raw[..., 2:4], _MOST_EXPONENT))
        both = np.concatenate([centres - sizes / 2, centres + sizes / 2], axis=-1)
        boxes.append(both.reshape(n, -1, 4))
        sure = _sigmoid(raw[..., 4:5]) * _activated(raw[..., 5:], how.apply, "sigmoid")
        scores.append(sure.reshape(n, -1, sure.shape[-1]))
    return np.concatenate(boxes, axis=1), np.concatenate(scores, axis=1)


def center_points(outputs: Outputs, spec: TensorSpec, how: BoxDecoder, size: Size) -> Rows:
    """Peaks of a heatmap, with a size and perhaps an offset at each (Zhou et al. 2019).

    A peak is the largest of its 3 x 3 cells. Columns behind width and height are the offset.
    """
    geometry, heat = _parts(outputs, spec, how, spatial=True)
    scores = _scores(heat, how)
    n, height, width = scores.shape[:3]
    stride = np.array([size[1] / width, size[0] / height])
    cells = np.stack(np.meshgrid(np.arange(width), np.arange(height)), axis=-1)
    offset = outputs[how.offset] if how.offset else geometry[..., 2:4]
    centres = (cells + (offset if offset.shape[-1] == 2 else 0.5)) * stride
    unit = how.box_unit or "pixels"
    factors = {"pixels": np.ones(2), "cells": stride, "fractions": np.array(size[::-1])}
    half = geometry[..., :2].astype(np.float64) * factors[unit] / 2
    boxes = np.concatenate([centres - half, centres + half], axis=-1)
    peaks = np.where(scores >= _neighbours(scores), scores, 0)
    return boxes.reshape(n, -1, 4), peaks.reshape(n, height * width, -1)


DENSE: dict[str, Callable[[Outputs, TensorSpec, BoxDecoder, Size], Rows]] = {
    "rows": rows,
    "ssd": ssd,
    "yolo": yolo,
    "yolo_v5": yolo,
    "center_points": center_points,
}


def _parts(
    outputs: Outputs, spec: TensorSpec, how: BoxDecoder, *, spatial: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Boxes and scores, from one output or two, checked."""
    own = outputs[spec.name]
    if how.scores:
        boxes, scores = own, outputs[how.scores]
    else:
        boxes, scores = own[..., box_columns(spec)], own[..., scores_columns(spec)]
    wanted = (2, 4) if spatial else (4,)
    fits = boxes.ndim == scores.ndim == (4 if spatial else 3) and boxes.shape[-1] in wanted
    if not fits or boxes.shape[:-1] != scores.shape[:-1] or not scores.shape[-1]:
        form = "(n, height, width, 2 or 4)" if spatial else "(n, rows, 4)"
        raise DataError(
            f"The boxes of head {how.head!r} must be {form}, beside as many scores.",
            received=f"boxes {boxes.shape}, scores {scores.shape}",
            hint=f"[output.{spec.name}] columns and decode say where they stand.",
        )
    return boxes, scores


def _scores(raw: np.ndarray, how: BoxDecoder) -> np.ndarray:
    """Scores of objects, activated, times objectness, without the background."""
    values = _activated(raw, how.apply, "none")
    if how.objectness:
        values = values[..., :1] * values[..., 1:]
    return values[..., 1:] if how.background else values


def _activated(raw: np.ndarray, apply: Activation, default: Activation) -> np.ndarray:
    raw = np.asarray(raw, dtype=np.float64)
    apply = default if apply == "none" else apply
    if apply == "sigmoid":
        return _sigmoid(raw)
    if apply == "softmax":
        powers = np.exp(raw - raw.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))
    if raw.size and raw.min() < _BELOW_PROBABILITIES:
        raise DataError(
            "Scores of boxes must be probabilities, from 0 to 1.",
            received=f"scores down to {raw.min():.3g}: logits",
            hint='say apply = "sigmoid" (or "softmax") in [output.NAME.decode].',
        )
    return np.asarray(np.clip(raw, 0.0, 1.0))


def _sigmoid(raw: np.ndarray) -> np.ndarray:
    values = np.clip(np.asarray(raw, dtype=np.float64), -500, 500)
    return np.asarray(1 / (1 + np.exp(-values)))


def _grid(output: np.ndarray, name: str, per_grid: int) -> np.ndarray:
    """`(n, rows, columns, anchors, 5 + classes)`, float64."""
    good = output.ndim == 5 and output.shape[3] == per_grid and output.shape[4] > 5
    if output.ndim == 4 and output.shape[3] % per_grid == 0 and output.shape[3] // per_grid > 5:
        return output.reshape(*output.shape[:3], per_grid, -1).astype(np.float64)
    if not good:
        raise DataError(
            f"Output {name!r} must be a grid of {per_grid} anchors with 5 numbers and a score for "
            "each class.",
            received=f"shape {output.shape}",
            hint="anchors stand in [output.NAME.decode], as many for each grid.",
        )
    return output.astype(np.float64)


def _neighbours(scores: np.ndarray) -> np.ndarray:
    """The largest of each cell's 3 x 3, `(n, height, width, classes)`."""
    padded = np.pad(scores, ((0, 0), (1, 1), (1, 1), (0, 0)))
    height, width = scores.shape[1:3]
    shifted = [padded[:, y : y + height, x : x + width] for y in range(3) for x in range(3)]
    return np.asarray(np.max(shifted, axis=0))
