"""Mean average precision of draws equals COCO's own, on all images and on any of them."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.measure.detection import coco_evaluation, match_boxes, mean_precision
from edgekit.verdicts import detection_precision, recompute
from tests.measure.detection import detectors

pytest.importorskip("pycocotools", reason="the extra metrics is not installed")


@pytest.mark.parametrize("statistic", ["map_50", "map_50_95"])
@pytest.mark.parametrize("seed", range(6))
def test_all_images_give_what_coco_gives(statistic, seed):
    images, truths = detectors.draws(seed, 40, extra=3 * seed, noise=1 + seed)
    thresholds = match_boxes.COCO_THRESHOLDS[: 1 if statistic == "map_50" else 10]
    parts = mean_precision._parts(images, truths, thresholds)
    own = recompute.compute(statistic, parts, np.arange(40)[None])
    assert own[0] == pytest.approx(coco_evaluation.mean_ap(images, truths, thresholds), abs=1e-9)


def test_a_choice_of_images_gives_what_coco_gives_of_them():
    images, truths = detectors.draws(7, 30)
    thresholds = match_boxes.COCO_THRESHOLDS
    parts = mean_precision._parts(images, truths, thresholds)
    rows = np.array([np.sort(np.random.default_rng(k).permutation(30)[:20]) for k in range(5)])
    own = detection_precision.mean_ap(parts, rows, 10)
    coco = [
        coco_evaluation.mean_ap([images[i] for i in row], [truths[i] for i in row], thresholds)
        for row in rows
    ]
    assert own == pytest.approx(coco, abs=1e-9)


def test_an_image_that_is_drawn_twice_counts_twice():
    """But for ties of score between images, whose order a list of images decides."""
    images, truths = detectors.draws(8, 25)
    rng = np.random.default_rng(0)
    for image in images:
        image.scores[:] = np.sort(rng.random(len(image.scores)))[::-1]
    parts = mean_precision._parts(images, truths, np.array([0.5]))
    row = np.sort(np.random.default_rng(1).integers(25, size=25))
    own = detection_precision.mean_ap(parts, row[None], 1)[0]
    drawn = [images[i] for i in row], [truths[i] for i in row]
    assert own == pytest.approx(coco_evaluation.mean_ap(*drawn, np.array([0.5])), abs=2e-3)
    assert own != detection_precision.mean_ap(parts, np.unique(row)[None], 1)[0]


def test_batches_change_nothing(monkeypatch):
    images, truths = detectors.draws(9, 20)
    parts = mean_precision._parts(images, truths, np.array([0.5]))
    rows = np.random.default_rng(2).integers(20, size=(50, 20))
    whole = detection_precision.mean_ap(parts, rows, 1)
    monkeypatch.setattr(detection_precision, "_AT_ONCE", 1)
    assert detection_precision.mean_ap(parts, rows, 1) == pytest.approx(whole, abs=1e-12)


def test_images_without_boxes_have_no_value():
    images, truths = detectors.draws(10, 4)
    truths = [truths[0], *[np.zeros((0, 5))] * 3]
    parts = mean_precision._parts(images, truths, np.array([0.5]))
    assert np.isnan(detection_precision.mean_ap(parts, np.array([[1, 2, 3]]), 1)[0])


def test_classes_and_hits_are_one_number():
    hits = np.array([[True, False, True], [False, False, True]])
    assert detection_precision.encode(np.array([0, 1, 2]), hits).tolist() == [1, 1024, 2048 + 3]
