"""What is said of samples that leave the ranges a file was calibrated on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.records import Artifact, Contract, TensorSpec
from edgekit.data import input_ranges
from edgekit.data.samples import Samples
from edgekit.pipeline import beyond_calibration
from tests.pipeline.files import converted

X = TensorSpec(name="x", shape=(1, 2), dtype="float32")
Y = TensorSpec(name="y", shape=(1, 2), dtype="float32")
CONTRACT = Contract(inputs=(X,), outputs=(Y,))
RNG = np.random.default_rng(0)


def series(drift: float) -> Samples:
    """400 steps of two sensors, of which the first one drifts from the half on."""
    values = RNG.normal(size=(400, 2))
    values[200:, 0] += drift * np.linspace(0, 1, 200)
    return Samples(inputs={"x": values.astype(np.float32)})


def manifest(folder: Path, calibration: Samples, recipe: str = "static_wi8_ai8") -> Artifact:
    ranges = input_ranges.of(calibration, CONTRACT)
    return converted(folder, "static_wi8_ai8", calibration_ranges=ranges)[recipe]


def clipped(samples: Samples, made: Artifact) -> dict[str, np.ndarray]:
    """What a file computes that clips its input to the calibration range, in steps of that."""
    low, high = made.calibration_ranges["x"]
    step = (high - low) / 255
    return {"y": np.rint(samples.inputs["x"].clip(low, high) / step) * step}


def test_a_series_that_drifts_is_noticed_with_the_error_beyond_and_within(tmp_path):
    later = series(12.0)
    made = manifest(tmp_path, later.take(range(200)))
    expected = {"y": later.inputs["x"]}
    outputs = clipped(later, made)
    note, error = beyond_calibration.notes(made, CONTRACT, later, outputs, expected)
    assert note.startswith("input 'x': ")
    assert "of 400 evaluation samples go beyond its calibration range" in note
    assert error.startswith("the error of 'y[0]' is ")
    beyond, within = (float(part.split(" %")[0].split()[-1]) for part in error.split("range, "))
    outside = input_ranges.unlike_calibration(later, made.calibration_ranges).outside
    far = (outputs["y"] - expected["y"])[:, 0] / expected["y"][:, 0].std()
    assert beyond == pytest.approx(100 * np.sqrt(np.mean(far[outside] ** 2)), rel=0.06)
    assert within == pytest.approx(100 * np.sqrt(np.mean(far[~outside] ** 2)), rel=0.06)
    assert within < 1 < 30 < beyond


def test_a_series_that_stays_is_not(tmp_path):
    later = series(0.0)
    made = manifest(tmp_path, later.take(range(200)))
    expected = {"y": later.inputs["x"]}
    assert beyond_calibration.notes(made, CONTRACT, later, clipped(later, made), expected) == ()


def test_without_the_float_file_the_range_alone_is_said(tmp_path):
    later = series(12.0)
    made = manifest(tmp_path, later.take(range(200)))
    [note] = beyond_calibration.notes(made, CONTRACT, later, clipped(later, made), None)
    assert "calibrate on samples like these" in note


def test_where_all_leave_the_range_nothing_is_within(tmp_path):
    first, later = series(0.0), series(0.0)
    later.inputs["x"][:] += 100
    made = manifest(tmp_path, first)
    expected = {"y": later.inputs["x"]}
    _, error = beyond_calibration.notes(made, CONTRACT, later, clipped(later, made), expected)
    assert error.endswith("beyond the calibration range.")


def test_only_what_was_calibrated_is_held_against_its_ranges(tmp_path):
    later = series(12.0)
    made = manifest(tmp_path, later.take(range(200)), "float32")
    expected = {"y": later.inputs["x"]}
    assert beyond_calibration.notes(made, CONTRACT, later, expected, expected) == ()
    assert beyond_calibration.notes(None, CONTRACT, later, expected, expected) == ()
