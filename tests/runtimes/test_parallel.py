"""One file in several workers, on each real runtime."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import ModelError, RunError
from edgekit.core.records import Limits, Target
from edgekit.runtimes.local import open_session
from edgekit.runtimes.parallel import ParallelSession, _SummedProgress


def test_parallel_gives_the_same_in_the_same_order(
    data: Path, target: Target, limits: Limits
) -> None:
    pixels = np.arange(404, dtype=np.float32).reshape(101, 4) % 256
    path = data / "int8_io.tflite"
    with open_session(path, target, limits=limits) as session:
        alone = session.run({"x": pixels})
    with ParallelSession(path, target, 3, limits=limits) as several:
        shared = several.run({"x": pixels})
    np.testing.assert_array_equal(shared["y"], alone["y"])
    with ParallelSession(path, target, 5, limits=limits) as several:
        few = several.run({"x": pixels[:2]})
    np.testing.assert_array_equal(few["y"], alone["y"][:2])


def test_parallel_raises_the_first_error(data: Path, target: Target, limits: Limits) -> None:
    ids = np.zeros((8, 3), np.int32)
    ids[6] = 99
    with ParallelSession(data / "ids.tflite", target, 2, limits=limits) as session:
        with pytest.raises(RunError, match="on every sample"):
            session.run({"ids": ids})


def test_what_opening_raises_running_raises(limits: Limits, tmp_path: Path) -> None:
    with ParallelSession(tmp_path / "none.tflite", Target(), 2, limits=limits) as session:
        session.wait_until_open()
        with pytest.raises(ModelError, match="not found"):
            session.run({"x": np.zeros((2, 4), np.float32)})


def test_progress_is_of_all_workers_together() -> None:
    lines: list[str] = []
    progress = _SummedProgress(2, 30, lines.append)
    first, second = progress.of(0), progress.of(1)
    first("5 of 10 samples")
    second("7 of 20 samples")
    first("10 of 10 samples")
    assert lines == ["5 of 30 samples", "12 of 30 samples", "17 of 30 samples"]
