"""What the original and its float file reach on labelled samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.records import Limits, Target
from edgekit.data.samples import Samples
from edgekit.pipeline.convert import input_check, labelled_run
from tests.pipeline.convert.labelled import conversion, images, sharp


def run(folder: Path, monkeypatch: pytest.MonkeyPatch, samples: Samples):
    job, exported = conversion(folder, monkeypatch, sharp, samples, whole=False)
    with input_check.local.open_session(job.original, Target(), limits=Limits()) as session:
        return labelled_run.run(job, exported, session)


def test_both_are_measured_and_guessing_is_told(tmp_path, monkeypatch):
    samples = images("scaled", 30)
    one_class = np.tile(np.array([1, 0, 0], np.float32), (30, 1))
    known = Samples(inputs=samples.inputs, labels=samples.labels, reference={"kind": one_class})
    made = run(tmp_path, monkeypatch, known)
    assert (made.reached.metric, made.reached.keras) == ("top1_accuracy", 10 / 30)
    assert made.reached.float32 == 1.0
    assert not made.is_informed  # of Keras, which says one class of all
    assert run(tmp_path, monkeypatch, samples).is_informed
    dark = {"image": np.zeros((30, 8, 8, 1), np.float32)}
    assert made.of(dark, samples).value == 10 / 30


@pytest.mark.parametrize(
    "labels", [np.full(30, 7), np.zeros((30, 5), np.float32)], ids=["beyond", "another shape"]
)
def test_labels_that_do_not_fit_tell_nothing(labels, tmp_path, monkeypatch):
    inputs = images("scaled", 30).inputs
    assert run(tmp_path, monkeypatch, Samples(inputs=inputs, labels=labels)) is None
