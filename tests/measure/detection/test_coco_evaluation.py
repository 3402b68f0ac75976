"""COCO's own evaluation, on images whose average precision is known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.measure.detection import coco_evaluation
from edgekit.measure.detection.box_geometry import Detections

pytest.importorskip("pycocotools", reason="the extra metrics is not installed")
HALF = np.array([0.5])
TRUTH = np.array([[0, 0, 10, 10, 0], [20, 0, 30, 10, 0], [0, 20, 10, 30, 3]], float)


def of(*rows):
    """Rows of x0, score and class: boxes of 10 x 10 on the upper edge."""
    table = np.array(rows, float).reshape(-1, 3)
    boxes = np.stack([table[:, 0], 0 * table[:, 0], table[:, 0] + 10, 0 * table[:, 0] + 10], axis=1)
    return Detections(boxes, table[:, 1], table[:, 2].astype(int))


def test_all_recalls_up_to_what_is_found_count():
    """Class 0: one of two boxes, so 51 of 101 recalls at precision 1; class 3: nothing."""
    found = of([0, 0.9, 0], [50, 0.8, 0])
    assert coco_evaluation.mean_ap([found], [TRUTH], HALF) == pytest.approx(51 / 101 / 2)


def test_a_false_box_before_the_right_one_halves_precision():
    found = of([50, 0.9, 0], [0, 0.8, 0])
    assert coco_evaluation.mean_ap([found], [TRUTH[:1]], HALF) == pytest.approx(0.5)


def test_a_class_that_no_box_has_does_not_count():
    found = of([0, 0.9, 0], [0, 0.95, 7])
    assert coco_evaluation.mean_ap([found], [TRUTH[:1]], HALF) == pytest.approx(1)


def test_thresholds_are_averaged():
    found = of([2, 0.9, 0])  # IoU 8 / 12
    assert coco_evaluation.mean_ap([found], [TRUTH[:1]], np.array([0.5, 0.75])) == pytest.approx(
        0.5
    )


def test_nothing_found_and_nothing_printed(capsys):
    assert coco_evaluation.mean_ap([of(), of()], [TRUTH, TRUTH[:0]], HALF) == 0
    coco_evaluation.mean_ap([of([0, 0.9, 0])], [TRUTH], HALF)
    assert capsys.readouterr().out == ""
