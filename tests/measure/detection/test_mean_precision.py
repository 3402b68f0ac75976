"""The metrics of detectors: value, interval, and what each image adds."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.errors import DataError, UsageError
from edgekit.data.samples import Samples
from edgekit.measure import accuracy, metric_packages
from edgekit.measure.detection import mean_precision
from tests.measure.detection import contracts_of_boxes as boxes
from tests.measure.detection import detectors

pytest.importorskip("pycocotools", reason="the extra metrics is not installed")


def drawn(n, seed=0, **options):
    """Outputs of many images with their labels."""
    images, truths = detectors.draws(seed, n, num_classes=3, extra=3, **options)
    outputs = np.zeros((n, 20, 7))
    outputs[:, :, :4] = [50, 30, 10, 10]
    labels = np.full((n, 5, 5), -1.0)
    for number, (image, truth) in enumerate(zip(images, truths, strict=True)):
        count = len(image.scores)
        corners = image.boxes
        outputs[number, :count, :2] = (corners[:, :2] + corners[:, 2:]) / 2
        outputs[number, :count, 2:4] = corners[:, 2:] - corners[:, :2]
        outputs[number, np.arange(count), 4 + image.classes] = image.scores
        labels[number, : len(truth)] = truth
    samples = Samples(inputs={"image": np.zeros((n, 1))}, head_labels={"det": labels})
    return {"det": outputs}, samples


@pytest.mark.parametrize("name", ["map_50", "map_50_95"])
def test_a_metric_with_its_interval(name):
    outputs, samples = drawn(60)
    found = accuracy.measure(name, outputs, samples, boxes.contract())
    assert found.name == found.statistic == name and found.better == "higher" and found.note == ""
    assert found.low is not None and found.high is not None
    assert 0.02 < found.low < found.value < found.high < 1
    assert len(found.raw) == 60 and np.mean(found.raw) == pytest.approx(found.value)


def test_the_interval_is_narrower_for_more_images():
    widths = []
    for n in (40, 400):
        found = accuracy.measure("map_50", *drawn(n), boxes.contract())
        assert found.low is not None and found.high is not None
        widths.append(found.high - found.low)
    assert widths[1] < widths[0] / 2


def test_what_an_image_adds_is_what_leaving_it_out_changes(monkeypatch):
    """Or what leaving out its group changes, of very many images."""
    outputs, samples = drawn(50)
    raw = np.array(accuracy.measure("map_50", outputs, samples, boxes.contract()).raw)
    monkeypatch.setattr(mean_precision, "_MOST", 10)
    monkeypatch.setattr(mean_precision, "_GROUPS", 25)
    grouped = np.array(accuracy.measure("map_50", outputs, samples, boxes.contract()).raw)
    assert len(np.unique(grouped)) <= 25
    assert np.corrcoef(raw, grouped)[0, 1] > 0.5


def test_a_perfect_detector_and_one_that_finds_nothing():
    outputs, samples = drawn(10)
    labels = samples.head_labels["det"]
    perfect = np.zeros((10, 20, 7))
    perfect[:, :5, :2] = (labels[..., :2] + labels[..., 2:4]) / 2
    perfect[:, :5, 2:4] = labels[..., 2:4] - labels[..., :2]
    image, row = np.nonzero(labels[..., 4] >= 0)
    perfect[image, row, 4 + labels[image, row, 4].astype(int)] = 0.9
    best = accuracy.measure("map_50_95", {"det": perfect}, samples, boxes.contract())
    assert (best.value, best.low, best.high) == (1, 1, 1)
    worst = accuracy.measure("map_50", {"det": outputs["det"] * 0}, samples, boxes.contract())
    assert (worst.value, worst.low, worst.high) == (0, 0, 0)


def test_one_image_has_no_interval():
    found = accuracy.measure("map_50", *drawn(1, seed=3), boxes.contract())
    assert found.low is None and "no interval" in found.note


def test_labels_that_are_no_boxes():
    outputs, samples = drawn(5)
    bare = Samples(inputs=samples.inputs)
    with pytest.raises(DataError, match="map_50 needs labelled boxes"):
        accuracy.measure("map_50", outputs, bare, boxes.contract())
    classes = Samples(inputs=samples.inputs, labels=np.zeros(5, int))
    with pytest.raises(DataError, match="map_50 needs labelled boxes") as error:
        accuracy.measure("map_50", outputs, classes, boxes.contract())
    assert error.value.received is not None and "(5,)" in error.value.received
    empty = Samples(
        inputs=samples.inputs, head_labels={"det": np.full_like(samples.head_labels["det"], -1)}
    )
    with pytest.raises(DataError, match="at least one labelled box"):
        accuracy.measure("map_50", outputs, empty, boxes.contract())


def test_outputs_that_are_no_boxes():
    outputs, samples = drawn(5)
    with pytest.raises(DataError, match="known to hold them"):
        accuracy.measure("map_50", outputs, samples, boxes.contract(boxes.output()))


def test_without_the_package(monkeypatch):
    monkeypatch.setattr(metric_packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(UsageError, match="pycocotools"):
        accuracy.check_metric("map_50")
