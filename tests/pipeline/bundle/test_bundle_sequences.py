"""Bundles of files that keep state, and of files that look up text."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import edgekit
from edgekit.core.errors import ModelError, ProjectError
from edgekit.core.records import ConvertOptions
from edgekit.pipeline.bundle.bundle import bundle
from tests.codegen.conftest import TESTS, convert

MODELS = TESTS / "models"


def test_the_python_bundle_replays_a_sequence(tmp_path: Path) -> None:
    [file] = convert(MODELS / "running_total.float32.tflite", tmp_path)
    made = bundle([file], {"python": tmp_path / "p"})
    assert made.models[0].contract.kept_state == ("Variable",)
    assert made.models[0].golden.num_samples > 1

    command = [sys.executable, "-m", "net"]
    done = subprocess.run(command, cwd=tmp_path / "p", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "every bit the same" in done.stdout

    # Each from a fresh start, the second sample already is another.
    source = next((tmp_path / "p").rglob("_model.py"))
    text = source.read_text()
    assert "if number and not keeps_state:" in text
    source.write_text(text.replace("if number and not keeps_state:", "if number:"))
    done = subprocess.run(command, cwd=tmp_path / "p", capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "FAILED float32" in done.stdout


@pytest.mark.parametrize("platform", ["android", "ios", "c"])
def test_other_platforms_refuse_state_and_say_what_they_take(tmp_path: Path, platform: str) -> None:
    [file] = convert(MODELS / "running_total.float32.tflite", tmp_path)
    with pytest.raises(ModelError, match=f"A bundle for {platform} must") as caught:
        bundle([file], {platform: tmp_path / "b", "python": tmp_path / "p"})
    assert 'kind = "inputs"' in str(caught.value.hint)


def test_text_is_refused_by_every_platform(tmp_path: Path) -> None:
    data = tmp_path / "data.npz"
    np.savez(data, x=np.array([["red", "blue", "?"], ["", "é", "red"]] * 5))
    [made] = edgekit.convert(
        MODELS / "look_up_words.float32.tflite",
        output=tmp_path / "out",
        calibration=str(data),
        options=ConvertOptions(recipes=("float32",)),
    )
    with pytest.raises(ModelError, match="no self-test replays text") as caught:
        bundle([tmp_path / "out" / Path(made.path).name], {"python": tmp_path / "p"})
    assert "'x' of text, for python" in str(caught.value.received)


def test_state_becomes_an_input_of_keras_models_only(tmp_path: Path) -> None:
    with pytest.raises(ProjectError, match=r"\[state\]"):
        convert(MODELS / "running_total.float32.tflite", tmp_path, '[state]\nkind = "inputs"\n')
