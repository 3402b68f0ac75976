"""Boxes in every format, their overlap, and suppression."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.measure.detection import box_geometry
from edgekit.measure.detection.box_geometry import Detections

BOX = {
    "xyxy": [10, 20, 30, 60],
    "yxyx": [20, 10, 60, 30],
    "xywh": [10, 20, 20, 40],
    "cxcywh": [20, 40, 20, 40],
    "cycxhw": [40, 20, 40, 20],
}


@pytest.mark.parametrize("box_format", BOX)
def test_every_format_gives_the_same_corners(box_format):
    corners = box_geometry.corners(np.array([BOX[box_format]]), box_format)
    assert corners.tolist() == [[10, 20, 30, 60]]


def test_a_format_that_nobody_states_is_recognised_by_the_order_of_corners():
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 90, (200, 2))
    corners = np.concatenate([low, low + rng.uniform(0, 20, (200, 2))], axis=1)
    centres = np.concatenate([(corners[:, :2] + corners[:, 2:]) / 2, corners[:, 2:] - low], axis=1)
    assert box_geometry.corners(corners, "") == pytest.approx(corners)
    assert box_geometry.corners(centres, "") == pytest.approx(corners)


@pytest.mark.parametrize("unit", ["", "fractions"])
def test_fractions_become_pixels(unit):
    assert box_geometry.in_pixels(np.array([[0.25, 0.5, 1.0, 1.1]]), unit, (40, 80)).tolist() == [
        [20, 20, 80, 44]
    ]


@pytest.mark.parametrize("unit", ["", "pixels"])
def test_pixels_stay_pixels(unit):
    assert box_geometry.in_pixels(np.array([[0, 0, 7, 9.0]]), unit, (40, 80)).tolist() == [
        [0, 0, 7, 9]
    ]


def test_iou():
    first = np.array([[0, 0, 10, 10], [0, 0, 0, 0]], float)
    second = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [20, 20, 30, 30], [0, 0, 0, 0]], float)
    assert box_geometry.iou(first, second) == pytest.approx(
        np.array([[1, 1 / 3, 0, 0], [0, 0, 0, 0]])
    )


def test_the_weaker_of_two_boxes_of_a_class_goes():
    boxes = np.array([[0, 0, 10, 10], [1, 0, 11, 10], [2, 0, 12, 10], [50, 50, 60, 60]], float)
    scores = np.array([[0.9, 0], [0.8, 0.7], [0.6, 0.2], [0.5, 0]])
    kept = box_geometry.suppress(boxes, scores, min_score=0.1, overlap=0.5, most=100)
    assert kept.scores.tolist() == [0.9, 0.7, 0.5]
    assert kept.classes.tolist() == [0, 1, 0]
    assert kept.boxes[:, 0].tolist() == [0, 1, 50]


def test_without_suppression_all_rows_above_the_score_stay():
    boxes, scores = np.zeros((3, 4)), np.array([[0.9], [0.1], [0.3]])
    kept = box_geometry.suppress(boxes, scores, min_score=0.3, overlap=1, most=100)
    assert kept.scores.tolist() == [0.9, 0.3]


def test_the_surest_count_and_of_many_rows_the_surest_compete():
    rng = np.random.default_rng(1)
    scores = rng.random((1500, 2))
    boxes = np.arange(1500)[:, None] * 20.0 + np.array([0, 0, 10, 10])
    kept = box_geometry.suppress(boxes, scores, min_score=0, overlap=0.5, most=7)
    assert kept.scores.tolist() == np.sort(scores.ravel())[::-1][:7].tolist()


def test_an_image_without_boxes():
    kept = box_geometry.suppress(
        np.zeros((2, 4)), np.zeros((2, 3)), min_score=0.5, overlap=0.5, most=5
    )
    assert kept.boxes.shape == (0, 4) and kept.scores.shape == kept.classes.shape == (0,)


def test_above_and_best():
    some = Detections(np.arange(12.0).reshape(3, 4), np.array([0.2, 0.9, 0.9]), np.array([0, 1, 2]))
    assert some.above(0.9).classes.tolist() == [1, 2]
    assert some.best(2).classes.tolist() == [1, 2]
