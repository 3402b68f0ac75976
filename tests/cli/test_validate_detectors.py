"""`edgekit validate` of a detector, from its edgekit.toml to its exit code."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
TOML = """
[output.y.decode]
head = "center_points"
apply = "sigmoid"
box_unit = "cells"
"""
OWN = """
import numpy as np

def fails(outputs):
    raise ValueError("no such head")

def other_shape(outputs):
    return [(np.zeros((3, 5)), np.zeros(3), np.zeros(3)) for _ in outputs["y"]]
"""


@pytest.fixture
def folder(tmp_path):
    """Two images of a convolution whose outputs are taken as size, offset and heatmap."""
    for kind in ("float32", "int8"):
        shutil.copy(ROOT / "tests" / "models" / f"conv_2d.{kind}.tflite", tmp_path)
    rng = np.random.default_rng(0)
    np.savez(
        tmp_path / "data.npz",
        x=rng.normal(size=(6, 6, 6, 4)).astype("f4"),
        boxes=np.tile([[0, 0, 3, 3.0], [2, 2, 6, 6]], (6, 1, 1)),
        classes=np.tile([0, 3], (6, 1)),
    )
    (tmp_path / "own.py").write_text(OWN)
    return tmp_path


def validate(folder, toml, *options):
    (folder / "edgekit.toml").write_text(toml)
    files = ["conv_2d.int8.tflite", "--reference", "conv_2d.float32.tflite", "-d", "data.npz"]
    return subprocess.run(
        [sys.executable, "-m", "edgekit", "validate", *files, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_labelled_boxes_give_mean_average_precision_and_agreement(folder):
    pytest.importorskip("pycocotools", reason="the extra metrics is not installed")
    done = validate(folder, TOML, "--json")
    assert done.returncode == 0, done.stderr
    metrics = {one["name"]: one for one in json.loads(done.stdout)[0]["metrics"]}
    assert 0 <= metrics["map_50"]["low"] <= metrics["map_50"]["value"] <= 1
    assert 0.5 < metrics["agreement"]["value"] <= 1


@pytest.mark.parametrize(
    ("toml", "words"),
    [
        (TOML.replace("center_points", "centre_points"), "did you mean 'center_points'?"),
        (TOML.replace("center_points", "own:fails"), "own:fails failed with an exception."),
        (TOML.replace("center_points", "own:other_shape"), "must return boxes (k, 4)"),
        (TOML.replace("center_points", "own:lacking"), "must name a function"),
        (TOML.replace('apply = "sigmoid"', ""), "must be probabilities"),
        (TOML.replace('"sigmoid"', '"sigmoid"\nbackground = true'), "0 to 2"),
    ],
)
def test_what_is_wrong_ends_with_2(folder, toml, words):
    done = validate(folder, toml)
    assert done.returncode == 2
    assert words in done.stderr and "Traceback" not in done.stderr
