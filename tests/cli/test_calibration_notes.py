"""What is said of calibration samples on the command line, and where it is kept."""

import json
from pathlib import Path

import numpy as np
import pytest

DENSE = Path(__file__).parents[1] / "models" / "fully_connected.float32.tflite"  # x (1, 12)


def notes(ended):
    return [line.removeprefix("Note: ") for line in ended.err.splitlines() if "Note: " in line]


@pytest.fixture(scope="module")
def made(edgekit, tmp_path_factory):
    """A dense model, calibrated on the first samples of a set that drifts."""
    folder = tmp_path_factory.mktemp("drifting")
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 12)) + np.arange(400)[:, None] / 100
    x[:, 3] = 0.25
    np.savez(folder / "first.npz", x=x[:150])
    np.savez(folder / "rest.npz", x=x[150:])
    np.savez(folder / "same.npz", x=x[:150])
    ended = edgekit(
        "convert", DENSE, "--name", "dense", "-c", "first.npz",
        "-r", "float16", "-r", "static_wi8_ai8", "--json", cwd=folder,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    return folder, ended


def test_warnings_reach_standard_error_and_the_manifest(made):
    folder, ended = made
    drift, constant = notes(ended)
    assert drift.startswith("input 'x' drifts through first.npz: its mean goes from ")
    assert constant.startswith("1 of the 12 columns of input 'x' never changes")
    manifest = json.loads((folder / "dense.static_wi8_ai8.json").read_text())
    assert manifest["notes"] == [drift, constant]
    low, high = manifest["calibration_ranges"]["x"]
    with np.load(folder / "first.npz") as data:
        x = data["x"].astype(np.float32)
    with np.load(folder / "dense.golden.npz") as golden:
        assert len(golden["input/x"]) == 8
    assert x.min() <= low < -1 < 4 < high <= x.max()


def test_without_a_static_recipe_nothing_is_said_of_them(edgekit, made):
    folder, _ = made
    ended = edgekit(
        "convert", DENSE, "--name", "half", "-c", "first.npz", "-r", "float16", cwd=folder
    )
    assert ended.code == 0, ended.err
    [note] = notes(ended)
    assert "needs calibration" in note


def test_evaluating_beyond_the_calibration_range_is_noticed(edgekit, made):
    folder, _ = made
    files = [f"dense.{recipe}.tflite" for recipe in ("float16", "static_wi8_ai8")]
    ended = edgekit("validate", *files, "--data", "rest.npz", "--json", cwd=folder)
    float16, static = ended.json()
    assert "calibration" not in str(float16.get("notes", ""))
    note, error = [note for note in static["notes"] if "calibration" in note]
    assert note.startswith("input 'x': ")
    assert "of 250 evaluation samples go beyond its calibration range" in note
    assert error.startswith("the error of 'y[5]' is ")
    assert "of what it varies by beyond the calibration range" in error
    assert {note, error} <= set(notes(ended))


def test_evaluating_within_the_range_is_not(edgekit, made):
    folder, _ = made
    ended = edgekit(
        "validate", "dense.static_wi8_ai8.tflite", "--data", "same.npz", "--json", cwd=folder
    )
    said = " ".join(ended.json()[0]["notes"])
    assert "used for calibration" in said
    assert "beyond" not in said


def test_nan_in_calibration_samples_is_refused(edgekit, tmp_path):
    x = np.zeros((40, 12), np.float32)
    x[7, 3] = np.nan
    np.savez(tmp_path / "bad.npz", x=x)
    ended = edgekit("convert", DENSE, "-c", "bad.npz", "-r", "static_wi8_ai8", cwd=tmp_path)
    text = ended.refused()
    assert "Input 'x' in bad.npz must hold finite numbers." in text
    assert "1 of 480 values are NaN or infinite, the first at index [7, 3]" in text
    assert "look at sample 7" in text
    assert not list(tmp_path.glob("*.tflite"))
