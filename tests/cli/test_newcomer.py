"""Odd but legitimate uses, as somebody would try them on the first day."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

TESTS = Path(__file__).parents[1]
NET = TESTS / "models" / "conv_2d.float32.tflite"  # input x (1, 6, 6, 4), output y (1, 6, 6, 8)
DENSE = TESTS / "models" / "fully_connected.float32.tflite"  # input x (1, 12), output y (1, 8)
TWO = TESTS / "runtimes" / "data" / "two_inputs.tflite"  # inputs width (1, 3), area (1, 3)

FUNCTIONS = """
import numpy as np

def samples(purpose, seed):
    rng = np.random.default_rng(seed + len(purpose))
    return {"width": rng.normal(size=(40, 3)), "area": rng.normal(size=(40, 3)), "y": np.arange(40)}

def spread(outputs):
    return np.ptp(outputs["gap"], axis=1)
spread.better = "lower"
spread.unit = "m"
"""


@pytest.fixture
def dense(edgekit, tmp_path):
    """A dense model in a folder of its own, with every kind of file that needs no data."""
    ended = edgekit("convert", DENSE, "-o", "out", "--name", "dense", cwd=tmp_path)
    assert ended.code == 0, ended.err
    return tmp_path


def test_a_path_with_spaces_brackets_and_umlauts_from_another_folder(edgekit, tmp_path):
    odd = tmp_path / "größe [final] :smile:" / "net (1).tflite"
    odd.parent.mkdir()
    shutil.copy(NET, odd)
    work = tmp_path / "work"
    work.mkdir()
    relative = Path("..", odd.parent.name, odd.name)
    ended = edgekit("convert", relative, "-r", "float16", "-o", relative.parent, cwd=work)
    assert ended.code == 0, ended.err
    made = relative.parent / "net_1.float16.tflite"
    assert (work / made).is_file()
    assert str(made) in ended.out  # brackets are no markup, :smile: is no picture
    shown = edgekit("inspect", made, cwd=work)
    assert shown.out.startswith(f"{made}: ")


def test_files_of_the_current_folder_do_not_stand_in_for_modules(edgekit, tmp_path):
    for module in ("random", "json", "queue", "inspect", "numpy", "tensorflow", "edgekit"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('the wrong module')")
    ended = edgekit("convert", NET, "-r", "float16", "--name", "net", cwd=tmp_path)
    assert ended.code == 0, ended.err


def test_a_model_with_several_inputs_and_functions_from_the_current_folder(edgekit, tmp_path):
    (tmp_path / "mine.py").write_text(FUNCTIONS)
    ended = edgekit("convert", TWO, "--name", "two", "-c", "mine:samples", "--json", cwd=tmp_path)
    # There is nothing in it to store smaller: that is said, not passed over.
    assert "float16" in ended.refused()
    ended = edgekit(
        "validate", TWO, "--reference", TWO, "--data", "mine:samples", "-m", "mine:spread",
        "--json", cwd=tmp_path,
    )  # fmt: skip
    [measured] = ended.json()
    metric = next(m for m in measured["metrics"] if m["name"] == "mine:spread")
    assert (metric["unit"], metric["better"]) == ("m", "lower")
    assert metric["low"] <= metric["value"] <= metric["high"]


def test_labels_that_ask_for_no_metric_are_not_called_missing(edgekit, tmp_path):
    (tmp_path / "mine.py").write_text(FUNCTIONS)
    ended = edgekit("validate", TWO, "--data", "mine:samples", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert "--metric NAME@OUTPUT" in ended.err
    assert "no labels" not in ended.err


def test_regression_needs_no_project(edgekit, dense):
    rng = np.random.default_rng(0)
    np.savez(dense / "data.npz", x=rng.normal(size=(50, 12)), y=rng.normal(size=(50, 8)))
    files = sorted((dense / "out").glob("*.tflite"))
    ended = edgekit("validate", *files, "--data", "data.npz", "--json", cwd=dense)
    measured = ended.json()
    assert len(measured) == 3
    for one in measured:
        names = [metric["name"] for metric in one["metrics"]]
        assert "mae" in names
        assert "sqnr_db" in names
    assert "used for calibration" not in ended.err


def test_only_a_calibrated_file_is_judged_too_well(edgekit, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=rng.normal(size=(50, 12)), y=rng.normal(size=(50, 8)))
    ended = edgekit(
        "convert", DENSE, "--name", "dense", "-c", "data.npz",
        "-r", "float16", "-r", "static_wi8_ai8", cwd=tmp_path,
    )  # fmt: skip
    assert ended.code == 0, ended.err
    files = [f"dense.{recipe}.tflite" for recipe in ("float16", "static_wi8_ai8")]
    float16, static = edgekit(
        "validate", *files, "--data", "data.npz", "--json", cwd=tmp_path
    ).json()
    assert "notes" not in float16
    assert "used for calibration" in static["notes"][0]


def test_a_seed_comes_from_the_project(edgekit, tmp_path):
    rng = np.random.default_rng(0)
    np.savez(tmp_path / "data.npz", x=rng.normal(size=(300, 12)))
    digests = []
    for seed in (0, 7):
        (tmp_path / "edgekit.toml").write_text(f"[data]\nseed = {seed}\n")
        ended = edgekit(
            "convert", DENSE, "-r", "static_wi8_ai8", "-c", "data.npz", "--project",
            "edgekit.toml", "-o", str(seed), "--json", cwd=tmp_path,
        )  # fmt: skip
        digests.append(ended.json()[1]["calibration_digests"])
    assert digests[0] != digests[1]


def test_more_jobs_than_samples(edgekit, dense):
    np.savez(dense / "data.npz", x=np.zeros((9, 12)))
    ended = edgekit(
        "validate", "out/dense.float16.tflite", "--data", "data.npz", "--jobs", 5, "--limit", 2,
        "--json", cwd=dense,
    )  # fmt: skip
    assert ended.json()[0]["num_samples"] == 2


def test_a_moved_trio_still_knows_its_float_file(edgekit, dense):
    shutil.move(dense / "out", dense / "elsewhere")
    np.savez(dense / "data.npz", x=np.ones((9, 12)))
    file = "elsewhere/dense.float16.tflite"
    [measured] = edgekit("validate", file, "--data", "data.npz", "--json", cwd=dense).json()
    assert "sqnr_db" in [metric["name"] for metric in measured["metrics"]]
    (dense / "elsewhere" / "dense.float32.tflite").unlink()
    ended = edgekit("validate", file, "--data", "data.npz", cwd=dense)
    assert "no fidelity; name it with --reference" in ended.err


def test_a_table_that_is_piped_is_whole_and_plain(edgekit, dense):
    narrow = {"COLUMNS": "40", "NO_COLOR": "1"}
    ended = edgekit("inspect", "out/dense.float16.tflite", cwd=dense, env=narrow)
    assert "\x1b" not in ended.out
    assert "FULLY_CONNECTED" in ended.out
    ended = edgekit("convert", DENSE, "-o", "o2", cwd=dense, env=narrow)
    assert "o2/fully_connected.dynamic_wi8_afp32.tflite" in ended.out


def test_help_says_what_a_verb_is_for(edgekit):
    assert "Turn a trained Keras model" in edgekit("--help").out
    assert "static_wi8_ai8" in edgekit("convert", "-h").out
    assert json.loads(edgekit("runtime", "list", "--json").out) is not None
