"""Usual scalings beside what an input is given."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.records import Limits, Metric, Preprocessing, ReferenceAccuracy, Target
from edgekit.pipeline.convert import scaling_trials
from edgekit.pipeline.convert.labelled_run import LabelledRun
from edgekit.runtimes.fake import FakeModel, FakeRuntime
from tests.pipeline.convert.labelled import CLASSES, CONTRACT, IMAGE, images, of_pixels, sharp


def tried(model, samples, right: float, seconds: float = 0.01):
    """What is found of samples of which a fraction was right."""
    fake = FakeRuntime({"float.tflite": FakeModel((IMAGE,), (CLASSES,), model)})
    raw = tuple(np.where(np.arange(len(samples)) < right * len(samples), 1.0, 0.0))
    reached = ReferenceAccuracy(
        metric="top1_accuracy", float32=right, num_samples=len(samples), samples="evaluation"
    )
    with fake.open_session(Path("float.tflite"), Target(), limits=Limits()) as session:
        run = LabelledRun(
            samples=samples,
            contract=CONTRACT,
            measured=Metric(name="top1_accuracy", value=right, raw=raw),
            session=session,
            seconds=seconds,
            reached=reached,
            is_informed=right > 0.5,
        )
        return scaling_trials.findings(run, ["image"])["image"]


def test_the_best_scaling_is_found_and_is_ahead():
    found = tried(sharp, images(), 1 / 3)
    assert (found.best.name, found.value, found.count) == ("0 to 1", 1.0, 60)
    assert found.is_ahead and not found.is_right and found.verdict == ""


def test_what_is_given_is_right_where_every_scaling_is_surely_worse():
    found = tried(of_pixels, images(), 1.0)
    assert found.is_right and not found.is_ahead
    # Here they are as right: nothing is sure.
    found = tried(sharp, images(), 1.0)
    assert not (found.is_right or found.is_ahead)
    assert found.verdict == ", which does not tell"


def test_a_slow_model_is_tried_on_fewer_samples_or_not_at_all():
    # Three ways of 60 samples: at 3 s for each way there is time for 33 of them.
    assert tried(sharp, images(), 1 / 3, seconds=3.0).count == 33
    assert tried(sharp, images(), 1 / 3, seconds=60.0) is None


@pytest.mark.parametrize(
    ("given", "rules"),
    [
        (lambda pixels: pixels / 255, Preprocessing()),
        (lambda pixels: pixels / 127.5 - 1, Preprocessing()),
        (lambda pixels: pixels, Preprocessing()),
        (lambda pixels: (pixels - 3) / 7, Preprocessing(kind="image", mean=(3.0,), std=(7.0,))),
        (
            lambda pixels: pixels[..., ::-1] / 2,
            Preprocessing(kind="image", channels="bgr", std=(2.0,)),
        ),
    ],
    ids=["0 to 1", "-1 to 1", "0 to 255", "stated", "bgr"],
)
def test_pixels_come_back_from_what_they_became(given, rules):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 8, 3))
    np.testing.assert_array_equal(scaling_trials._pixels(given(pixels), rules), pixels)
    assert scaling_trials._pixels(given(pixels) * 1000.0, replace(rules, kind="none")) is None
