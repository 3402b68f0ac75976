"""The check of arm64: what it compares, without an emulator."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

HELPERS = Path(__file__).parents[2] / "checks/arm64"


def _load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"arm64_{name}", HELPERS / f"{name}.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


compare, run_bundle = _load("compare"), _load("run_bundle")


def test_drawn_samples_hold_the_golden_values_of_each_place_only() -> None:
    golden = np.arange(24, dtype=np.int8).reshape(4, 2, 3)
    drawn = run_bundle.drawn(golden, 8)
    assert drawn.shape == (32, 2, 3) and drawn.dtype == np.int8
    for place in np.ndindex(2, 3):
        assert set(drawn[:, *place]) <= set(golden[:, *place])
    assert len({sample.tobytes() for sample in drawn}) > 16
    assert np.array_equal(drawn, run_bundle.drawn(golden, 8))


@pytest.mark.parametrize(
    ("variant", "golden", "drawn", "holds"),
    [
        ("static_wi8_ai8", 0.0, 0.0, True),
        ("static_wi8_ai8", 0.0, 0.25, True),  # one step, on samples that are no golden ones
        ("static_wi8_ai8", 0.0, 0.5, False),
        ("static_wi8_ai8", 0.25, 0.0, False),  # golden: to the last bit
        ("float32", 5e-7, 0.0, True),
        ("float32", 5e-6, 0.0, False),
        ("float32", np.nan, 0.0, False),
    ],
)
def test_the_rule_of_each_kind_of_model(
    tmp_path: Path, variant: str, golden: float, drawn: float, holds: bool
) -> None:
    result = _compared(tmp_path, variant, golden, drawn)
    assert result.returncode == (0 if holds else 1), result.stdout + result.stderr
    assert result.stdout.startswith("ok arm64: " if holds else "FAILED arm64: ")
    assert f"{variant} golden" in result.stdout


def test_the_worst_difference_is_said(tmp_path: Path) -> None:
    said = _compared(tmp_path, "static_wi8_ai8", 0.0, 0.25).stdout
    assert "(bit-exact) 6 of 6 equal, worst 0," in said
    assert "drawn 3 of 4 equal, worst 0.25" in said


def test_what_is_no_number_is_near_nothing_but_its_like() -> None:
    tensor = [{"name": "y", "dtype": "float32", "num_bytes": 8, "tolerance": {"worst": 1.0}}]
    specs: dict[str, dict[str, Any]] = {"y": {}}

    def rows(*values: float) -> np.ndarray:
        return np.array([values], "<f4").view(np.uint8).reshape(1, -1)

    found = compare._difference(rows(np.inf, 1), rows(np.inf, 1.5), tensor, specs)
    assert (found.equal, found.worst) == (1, 0.5)
    assert compare._difference(rows(np.inf, 1), rows(-np.inf, 1), tensor, specs).worst == np.inf
    assert compare._difference(rows(np.nan, 1), rows(np.nan, 1), tensor, specs).worst == 0
    assert compare._difference(rows(np.nan, 1), rows(0, 1), tensor, specs).worst == np.inf


def test_a_changed_file_is_refused(tmp_path: Path) -> None:
    _bundle(tmp_path, "float32", np.zeros((3, 2), "<f4"))
    (tmp_path / "float32.tflite").write_bytes(b"other")
    result = subprocess.run(
        [sys.executable, HELPERS / "run_bundle.py", tmp_path, tmp_path / "out"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    assert "is not the file that contract.json describes" in result.stderr


def _compared(
    folder: Path, variant: str, golden: float, drawn: float
) -> subprocess.CompletedProcess[str]:
    """`compare.py` where one golden and one drawn output are that far away on arm64."""
    host = np.zeros((5, 2), "<f4")
    arm64 = host.copy()
    arm64[0, 0], arm64[4, 1] = golden, drawn
    _bundle(folder, variant, host[:3])
    for name, array in (("arm64", arm64), ("host", host)):
        (folder / name).mkdir()
        np.save(folder / name / f"{variant}.npy", array.view(np.uint8).reshape(5, -1))
    return subprocess.run(
        [sys.executable, HELPERS / "compare.py", folder, folder / "arm64", folder / "host"],
        capture_output=True,
        text=True,
        check=False,
    )


def _bundle(folder: Path, variant: str, outputs: np.ndarray) -> None:
    """A bundle of one output of two values with a tolerance of 0.25, and one input of one."""
    samples = np.concatenate([np.ones((len(outputs), 1), "<f4"), outputs], axis=1).tobytes()
    (folder / "g.bin").write_bytes(samples)
    (folder / f"{variant}.tflite").write_bytes(b"model")
    tensors = [
        {"role": "input", "name": "x", "dtype": "float32", "shape": [1, 1], "offset": 0},
        {"role": "output", "name": "y", "dtype": "float32", "shape": [1, 2], "offset": 4},
    ]
    for tensor, size in zip(tensors, (4, 8), strict=True):
        tensor.update(num_bytes=size, tolerance={"worst": 0.25 if size == 8 else 0.0})
    model = {
        "variant": variant,
        "file": f"{variant}.tflite",
        "sha256": hashlib.sha256(b"model").hexdigest(),
        "contract": {"outputs": [{"name": "y"}]},
        "golden": {
            "file": "g.bin",
            "sha256": hashlib.sha256(samples).hexdigest(),
            "num_samples": len(outputs),
            "sample_bytes": 12,
            "tensors": tensors,
        },
    }
    (folder / "contract.json").write_text(json.dumps({"models": [model]}), encoding="utf-8")
