"""Inputs that are wrong are noticed before anything is quantized."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.project import Project
from edgekit.core.records import Preprocessing, TensorSpec
from edgekit.data.samples import Samples
from edgekit.pipeline.convert.input_check import check, stated
from tests.pipeline.convert.labelled import (
    conversion,
    images,
    of_any_scale,
    of_pixels,
    sharp,
)


@pytest.fixture
def asked(tmp_path, monkeypatch):
    return partial(conversion, tmp_path, monkeypatch)


def test_integers_that_labels_show_to_be_wrong_are_refused_with_the_scaling(asked):
    with pytest.raises(DataError, match="Integers for a float input") as caught:
        check(*asked(sharp, images()))
    received, hint = str(caught.value.received), str(caught.value.hint)
    assert "uint8 from 20 to 220 for input 'image'" in received
    assert "top1_accuracy of 60 labelled samples is 0.33 as they are, 1.00 as 0 to 1" in received
    line = 'input.image = { kind = "image", size = [8, 8], channels = "gray", std = 255.0 }'
    assert line in hint and "--raw" in hint


def test_integers_that_are_as_right_at_another_scale_are_refused_too(asked):
    with pytest.raises(DataError) as caught:
        check(*asked(of_any_scale, images()))
    assert "1.00 as they are, 1.00 as 0 to 1, which does not tell" in str(caught.value.received)


def test_integers_that_labels_show_to_be_right_are_taken(asked):
    job, exported = asked(of_pixels, images())
    reached = check(job, exported)
    assert reached is not None and (reached.float32, reached.keras) == (1.0, None)
    assert (reached.num_samples, reached.samples) == (60, "evaluation")
    assert job.notes == []


def test_without_labels_integers_are_refused_for_static_files_and_said_for_others(asked):
    with pytest.raises(DataError, match="before a static file") as caught:
        check(*asked(sharp, None))
    assert "no labels tell" in str(caught.value.received)
    job, exported = asked(sharp, None, recipe="dynamic_wi8_afp32")
    assert check(job, exported) is None
    assert len(job.notes) == 1 and "no preprocessing is stated" in job.notes[0]


@pytest.mark.parametrize(
    "how",
    [
        {"raw": True},
        {"prepares": ("image",)},
        {"project": Project(input={"image": Preprocessing()})},
    ],
    ids=["--raw", "the model scales itself", 'kind = "none"'],
)
def test_what_is_said_or_seen_is_no_doubt(how, asked):
    job, exported = asked(sharp, None, **how)
    assert check(job, exported) is None and job.notes == []


def test_a_stated_preprocessing_that_labels_speak_against_is_said(asked):
    job, exported = asked(of_pixels, images("scaled"), whole=False)
    check(job, exported)
    (note,) = job.notes
    assert "top1_accuracy of 60 labelled samples is 0.33 as inputs are now" in note
    assert "1.00 where pixels go in as 0 to 255: compare with training" in note


def test_outputs_that_know_nothing_of_the_labels_are_said(asked):
    samples = images("scaled")
    wrong = Samples(inputs=samples.inputs, labels=np.random.default_rng(2).integers(0, 3, 60))
    job, exported = asked(sharp, wrong, whole=False)
    check(job, exported)
    (note,) = job.notes
    assert "no better than with the labels shuffled" in note and "on 60 labelled" in note
    job, exported = asked(sharp, samples, whole=False)
    check(job, exported)
    assert job.notes == []


def test_keras_accuracy_stands_beside_the_float_files(asked):
    samples = images("scaled")
    keras = np.eye(3, dtype=np.float32)[np.where(np.arange(60) < 45, samples.labels, 0)]
    known = Samples(inputs=samples.inputs, labels=samples.labels, reference={"kind": keras})
    reached = check(*asked(sharp, known, whole=False))
    assert reached is not None and (reached.keras, reached.float32) == (50 / 60, 1.0)


def test_a_way_is_spelled_as_a_line_of_the_project_file():
    spec = TensorSpec(name="my x", shape=(1, 4), dtype="float32")
    way = Preprocessing(kind="tabular", mean=(1.0, 2.0), std=(2.0,))
    assert stated(spec, way) == (
        'input."my x" = { kind = "tabular", mean = [1.0, 2.0], std = 2.0 }'
    )
