"""What `init` writes passes its own gate, which finds everything in the cache."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import project as projects
from edgekit.core.errors import UsageError
from edgekit.pipeline.gate.gate import gate
from edgekit.pipeline.init.init import InitOptions, init

MODEL = Path(__file__).parents[2] / "models" / "fully_connected.float32.tflite"


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    folder = tmp_path / "model"
    folder.mkdir()
    return Path(shutil.copy(MODEL, folder / "dense.tflite"))


def rows(count: int) -> np.ndarray:
    (spec,) = tflite.contract(MODEL).inputs
    return np.random.default_rng(0).normal(size=(count, *spec.shape[1:])).astype(np.float32)


@pytest.mark.parametrize("kind", ["labels", "no labels", "few", "one class", "no data"])
def test_the_gate_of_what_is_written_passes_and_computes_nothing_anew(model: Path, kind: str):
    count = 7 if kind == "few" else 400
    y = np.zeros(count, int) if kind == "one class" else np.arange(count) % 8
    labels = {} if kind == "no labels" else {"y": y}
    if kind != "no data":
        np.savez(model.parent / "data.npz", x=rows(count), **labels)
    made = init(model)
    assert made.baseline and made.measured and len(made.recipes) == 2
    assert len(made.next_commands) == 1
    lines: list[str] = []
    result = gate(Path(made.path), on_progress=lines.append)
    assert (result.outcome, result.exit_code) == ("passed", 0)
    # Times of a machine that is too unsteady are not kept, and no rule asks for them.
    assert [line for line in lines if "converting" in line or "running" in line] == []
    project = projects.load(Path(made.path))
    assert (project.data.evaluation is None) == (kind in ("no data", "one class"))
    assert any("judge nothing" in note for note in made.notes) == (kind == "one class")
    assert all(line.split(":")[0] in Path(made.path).read_text() for line in made.measured)


def test_a_baseline_is_replaced_by_force_only(model: Path):
    kept = model.parent / "baseline.json"
    kept.write_text("mine", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        init(model)
    assert kept.read_text(encoding="utf-8") == "mine"
    assert not (model.parent / "edgekit.toml").exists()
    init(model, options=InitOptions(measure=False))  # which writes none
    assert kept.read_text(encoding="utf-8") == "mine"


def test_no_scratch_file_stays(model: Path):
    made = init(model)
    names = sorted(path.name for path in model.parent.iterdir())
    assert names == ["baseline.json", "baseline.npz", "dense.tflite", "edgekit.toml"]
    assert Path(made.baseline).name == "baseline.json"
