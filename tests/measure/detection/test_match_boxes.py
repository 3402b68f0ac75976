"""COCO's matching."""

from __future__ import annotations

import numpy as np

from edgekit.measure.detection import match_boxes
from edgekit.measure.detection.box_geometry import Detections

TRUTH = np.array([[0, 0, 10, 10, 0], [100, 0, 110, 10, 1], [0, 0, 0, 0, -1]], float)


def of(*rows):
    table = np.array(rows, float).reshape(-1, 5)
    return Detections(table[:, :4], np.linspace(0.9, 0.5, len(table)), table[:, 4].astype(int))


def test_a_box_is_hit_once_by_the_surest():
    found = of([0, 0, 10, 8, 0], [0, 0, 10, 10, 0], [100, 0, 110, 10, 0], [100, 0, 110, 10, 1])
    hits = match_boxes.matched(found, TRUTH, np.array([0.5, 0.85]))
    assert hits.tolist() == [[True, False, False, True], [False, True, False, True]]


def test_nothing_to_match():
    assert match_boxes.matched(of(), TRUTH, np.array([0.5])).shape == (1, 0)
    assert not match_boxes.matched(of([0, 0, 10, 10, 0]), TRUTH[:0], np.array([0.5])).any()


def test_boxes_that_two_files_have():
    first = of([0, 0, 10, 10, 0], [50, 0, 60, 10, 0], [50, 0, 60, 10, 1])
    second = of([1, 0, 11, 10, 0], [0, 0, 10, 10, 0], [50, 0, 60, 10, 1])
    assert match_boxes.num_alike(first, second, 0.5) == 2
