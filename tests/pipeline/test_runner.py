"""Each file runs once on each target, and the next one's workers start meanwhile."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import ModelError
from edgekit.core.records import Contract, Limits, Preprocessing, Target
from edgekit.data.samples import Samples
from edgekit.pipeline import runner
from edgekit.pipeline.runner import REFERENCE_TARGET, Drawn, Runner
from tests.pipeline.files import FakeSessions, X, Y, times

OLD = Target(runtime="tflite-runtime", version="2.14.0")
A, B = Path("a.tflite"), Path("b.tflite")


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> FakeSessions:
    fake = FakeSessions({"a.tflite": times(2.0), "b.tflite": times(3.0)})
    monkeypatch.setattr(runner, "ParallelSession", fake)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    return fake


def samples(value: float = 1.0) -> Samples:
    return Samples(inputs={"x": np.full((3, 2), value, np.float32)})


def runs(order: Sequence[tuple[Path, Target]], jobs: int = 1) -> tuple[Runner, list[str]]:
    said: list[str] = []
    made = Runner(
        list(order),
        jobs=jobs,
        limits=Limits(),
        on_progress=said.append,
        meanwhile=lambda: said.append("meanwhile"),
    )
    return made, said


def test_the_next_workers_start_before_a_file_runs(sessions):
    made, said = runs([(A, REFERENCE_TARGET), (B, OLD)])
    assert sessions.log == ["open a.tflite on litert, 1"]  # before anything is asked
    with made:
        np.testing.assert_array_equal(made.outputs(A, REFERENCE_TARGET, samples())["y"], 2.0)
        assert sessions.log[1:3] == [
            "open b.tflite on tflite-runtime==2.14.0, 1",
            "run a.tflite on litert",
        ]
        np.testing.assert_array_equal(made.outputs(B, OLD, samples())["y"], 3.0)
    assert said == [
        "meanwhile",
        "running a.tflite on litert, 3 samples",
        "meanwhile",
        "running b.tflite on tflite-runtime==2.14.0, 3 samples",
    ]
    assert made.info(B, OLD).runtime_version == "0"


def test_where_all_cores_work_the_next_waits(sessions):
    made, _ = runs([(A, REFERENCE_TARGET), (B, REFERENCE_TARGET)], jobs=4)
    made.outputs(A, REFERENCE_TARGET, samples())
    assert "open b.tflite on litert, 4" not in sessions.log
    made.outputs(B, REFERENCE_TARGET, samples())
    assert "run b.tflite on litert" in sessions.log


def test_a_reference_runs_once_for_the_same_samples(sessions):
    made, _ = runs([(A, REFERENCE_TARGET)])
    same = samples()
    first = made.outputs(A, REFERENCE_TARGET, same)
    assert made.outputs(A, REFERENCE_TARGET, same) is first
    assert sessions.log.count("run a.tflite on litert") == 1
    assert made.outputs(A, REFERENCE_TARGET, samples(5.0))["y"].max() == 10.0
    assert sessions.log.count("run a.tflite on litert") == 2


def test_other_runtimes_outputs_are_not_kept(sessions):
    made, _ = runs([(A, OLD)])
    same = samples()
    assert made.outputs(A, OLD, same) is not made.outputs(A, OLD, same)


def test_workers_that_were_not_needed_are_closed(sessions):
    made, _ = runs([(A, REFERENCE_TARGET), (B, OLD)])
    with made:
        made.outputs(A, REFERENCE_TARGET, samples())
    assert sessions.log[-1] == "close b.tflite on tflite-runtime==2.14.0"


def test_a_file_that_cannot_be_opened_is_the_callers_error(sessions):
    made, _ = runs([(Path("none.tflite"), OLD)])
    with pytest.raises(ModelError), made:
        made.outputs(Path("none.tflite"), OLD, samples())


@pytest.fixture
def drawn(tmp_path: Path) -> Drawn:
    np.savez(tmp_path / "data.npz", x=np.arange(20).reshape(10, 2).astype(np.uint8))
    return Drawn(str(tmp_path / "data.npz"), 4, 0)


def test_samples_are_loaded_once_for_all_files_of_the_same_inputs(drawn):
    contract = Contract(inputs=(X,), outputs=(Y,))
    first = drawn.of(contract)
    assert len(first) == 4
    assert drawn.of(Contract(inputs=(X,), outputs=())) is first
    scaled = Preprocessing(kind="tabular", std=(2.0,))
    other = drawn.of(
        Contract(
            inputs=(type(X)(name="x", shape=(1, 2), dtype="float32", preprocessing=scaled),),
            outputs=(),
        )
    )
    np.testing.assert_allclose(other.inputs["x"], first.inputs["x"] / 2)


def test_hashes_are_of_the_samples_last_asked_for(drawn):
    contract = Contract(inputs=(X,), outputs=(Y,))
    loaded = drawn.of(contract)
    drawn.begin_hashing()
    assert drawn.hashes() == (loaded.sha256, loaded.digests())
    assert len(drawn.hashes()[1]) == 4
