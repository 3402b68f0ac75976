"""Outputs of the usual heads, made from known boxes, give those boxes again."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.box_decoder import BoxDecoder
from edgekit.core.errors import DataError
from edgekit.core.output_kinds import Columns
from edgekit.core.records import TensorSpec
from edgekit.measure.detection import box_heads

SIZE = (64, 96)  # height, width
BOXES = np.array([[10, 20, 30, 60], [40, 8, 90, 40]], float)


def spec(name="out", shape=(1, 2, 7), columns=()):
    return TensorSpec(name=name, shape=shape, dtype="float32", columns=columns)


def logit(p):
    return np.log(p / (1 - p))


def test_rows_with_objectness_and_background():
    scores = np.array([[0.5, 0.1, 0.8, 0.2], [1.0, 0.0, 0.3, 0.4]])
    rows = np.concatenate([BOXES, scores], axis=1)[None]
    how = BoxDecoder(box_format="xyxy", objectness=True, background=True)
    boxes, found = box_heads.rows({"out": rows}, spec(), how, SIZE)
    assert boxes[0] == pytest.approx(BOXES)
    assert found[0] == pytest.approx(np.array([[0.4, 0.1], [0.3, 0.4]]))


def test_columns_say_where_boxes_and_scores_stand():
    rows = np.concatenate([np.full((2, 3), 0.25), BOXES], axis=1)[None]
    parts = (Columns(kind="scores", start=0, stop=3), Columns(kind="boxes", start=3, stop=7))
    how = BoxDecoder(box_format="xyxy")
    boxes, found = box_heads.rows({"out": rows}, spec(columns=parts), how, SIZE)
    assert boxes[0] == pytest.approx(BOXES) and (found == 0.25).all()


def test_scores_of_another_output_with_softmax():
    how = BoxDecoder(box_format="xyxy", scores="class", apply="softmax")
    outputs = {"out": BOXES[None], "class": np.log([[[1, 3], [1, 1]]])}
    _, found = box_heads.rows(outputs, spec(), how, SIZE)
    assert found[0] == pytest.approx(np.array([[0.25, 0.75], [0.5, 0.5]]))


def test_logits_are_no_probabilities():
    with pytest.raises(DataError, match="must be probabilities") as error:
        box_heads.rows(
            {"out": BOXES[None], "class": np.full((1, 2, 3), -4.0)},
            spec(),
            BoxDecoder(scores="class"),
            SIZE,
        )
    assert error.value.hint is not None and "sigmoid" in error.value.hint


@pytest.mark.parametrize("head", ["rows", "ssd", "center_points"])
def test_another_shape(head):
    how = BoxDecoder(head=head, scores="class", anchors=((0, 0, 1, 1),))
    with pytest.raises(DataError, match="must be"):
        box_heads.DENSE[head](
            {"out": np.zeros((1, 3, 4)), "class": np.zeros((1, 2))}, spec(), how, SIZE
        )


@pytest.mark.parametrize("order", ["cycxhw", "cxcywh"])
def test_ssd_with_anchors(order):
    anchors = np.array([[20, 40, 16, 32], [60, 20, 50, 40]], float)
    centres, sizes = (BOXES[:, :2] + BOXES[:, 2:]) / 2, BOXES[:, 2:] - BOXES[:, :2]
    encoded = np.concatenate(
        [(centres - anchors[:, :2]) / anchors[:, 2:] * 10, np.log(sizes / anchors[:, 2:]) * 5],
        axis=1,
    )
    places = [1, 0, 3, 2] if order == "cycxhw" else [0, 1, 2, 3]
    how = BoxDecoder(
        head="ssd",
        box_format=order,
        scores="class",
        anchors=tuple(map(tuple, anchors[:, places].tolist())),
        background=True,
        apply="sigmoid",
    )
    outputs = {"out": encoded[None][..., places], "class": logit(np.full((1, 2, 3), 0.75))}
    boxes, found = box_heads.ssd(outputs, spec(), how, SIZE)
    assert boxes[0] == pytest.approx(BOXES)
    assert found.shape == (1, 2, 2) and found == pytest.approx(0.75)


def test_ssd_with_too_few_anchors():
    how = BoxDecoder(head="ssd", scores="class", anchors=((0, 0, 1, 1),))
    with pytest.raises(DataError, match="a row for each of 1 anchors"):
        box_heads.ssd({"out": np.zeros((1, 2, 4)), "class": np.zeros((1, 2, 1))}, spec(), how, SIZE)


@pytest.mark.parametrize("head", ["yolo", "yolo_v5"])
@pytest.mark.parametrize("flat", [True, False])
def test_yolo_grids(head, flat):
    """Two grids of two anchors, one box in each."""
    anchors = ((20.0, 40.0), (10.0, 10.0), (50.0, 30.0), (60.0, 60.0))
    outputs = {}
    for number, (name, stride) in enumerate({"p3": 16, "p4": 32}.items()):
        raw = np.full((1, SIZE[0] // stride, SIZE[1] // stride, 2, 7), -20.0)
        x0, y0, x1, y1 = BOXES[number]
        centre, size = (
            np.array([(x0 + x1) / 2, (y0 + y1) / 2]) / stride,
            np.array([x1 - x0, y1 - y0]),
        )
        column, row = centre.astype(int)
        near, anchor = centre - [column, row], np.array(anchors[2 * number])
        if head == "yolo":
            geometry = [logit(np.clip(near, 1e-9, 1)), np.log(size / anchor)]
        else:
            geometry = [logit((near + 0.5) / 2), logit(np.sqrt(size / anchor) / 2)]
        raw[0, row, column, 0] = [*np.concatenate(geometry), logit(0.8), logit(0.5), logit(0.25)]
        outputs[name] = raw.reshape(*raw.shape[:3], -1) if flat else raw
    how = BoxDecoder(head=head, grids=("p4",), anchors=anchors)
    boxes, scores = box_heads.yolo(outputs, spec("p3"), how, SIZE)
    best = np.sort(scores[0].max(axis=1).argsort()[-2:])
    assert boxes.shape == (1, 2 * (24 + 6), 4)
    assert boxes[0, best] == pytest.approx(BOXES, abs=1e-6)
    assert scores[0, best] == pytest.approx(np.array([[0.4, 0.2], [0.4, 0.2]]))


def test_yolo_of_another_shape():
    how = BoxDecoder(head="yolo", anchors=((1, 1), (2, 2)))
    for shape in ((1, 4, 4, 7), (1, 4, 4, 3, 7), (1, 16, 7)):
        with pytest.raises(DataError, match="grid of 2 anchors"):
            box_heads.yolo({"out": np.zeros(shape)}, spec(), how, SIZE)


@pytest.mark.parametrize("unit", ["pixels", "cells", "fractions"])
@pytest.mark.parametrize("separate", [True, False])
def test_center_points(unit, separate):
    """One peak among smaller neighbours: it alone is a box."""
    heat, size, offset = np.zeros((1, 8, 12, 3)), np.zeros((1, 8, 12, 2)), np.zeros((1, 8, 12, 2))
    heat[0, 4:7, 2:4, 1] = 0.3
    heat[0, 5, 2, 1] = 0.9
    offset[0, 5, 2] = [0.5, 0.0]
    size[0, 5, 2] = (
        np.array([20, 40]) / {"pixels": 1, "cells": 8, "fractions": np.array([96, 64])}[unit]
    )
    if separate:
        outputs = {"size": size, "heat": heat, "offset": offset}
        how = BoxDecoder(head="center_points", scores="heat", offset="offset", box_unit=unit)
        own = spec("size", (1, 8, 12, 2))
    else:
        outputs = {"all": np.concatenate([size, offset, heat], axis=-1)}
        how, own = BoxDecoder(head="center_points", box_unit=unit), spec("all", (1, 8, 12, 7))
    boxes, scores = box_heads.center_points(outputs, own, how, SIZE)
    assert [tuple(map(int, place)) for place in np.argwhere(scores[0] >= 0.3)] == [(5 * 12 + 2, 1)]
    assert boxes[0, 5 * 12 + 2] == pytest.approx(BOXES[0])
