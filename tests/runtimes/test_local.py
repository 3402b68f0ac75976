"""A file that crashes, hangs or eats memory costs a worker and becomes one clear error."""

from __future__ import annotations

import os
import random
import signal
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import (
    EdgekitError,
    WorkerCrashed,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from edgekit.core.records import Limits, Target
from edgekit.runtimes import local
from edgekit.runtimes.local import HostSession


def corrupt(source: Path, folder: Path, seed: int) -> Path:
    """Eight flipped bits at random places."""
    draw, content = random.Random(seed), bytearray(source.read_bytes())
    for _ in range(8):
        content[draw.randrange(8, len(content))] ^= 1 << draw.randrange(8)
    path = folder / f"corrupt{seed}.tflite"
    path.write_bytes(content)
    return path


def test_a_segfault_becomes_an_error_that_names_file_and_runtime(
    data: Path, target: Target, limits: Limits
) -> None:
    # The signal is sent: whether a given corrupt file causes one depends on what the memory
    # behind it holds, and changes from run to run.
    with HostSession(data / "two_inputs.tflite", target, limits) as session:
        inputs = {spec.name: np.zeros((1, *spec.shape[1:])) for spec in session.info.inputs}
        assert session.run(inputs)
        os.kill(session._loaded.process._child.pid, signal.SIGSEGV)
        with pytest.raises(WorkerCrashed) as caught:
            session.run(inputs)
    assert "two_inputs.tflite" in caught.value.rule
    assert target.label in caught.value.rule
    assert "SIGSEGV" in str(caught.value.received)


@pytest.mark.tflite_runtime
@pytest.mark.parametrize("seed", range(4))
def test_a_file_that_corrupts_tflite_runtime_costs_a_worker_at_most(
    data: Path, tmp_path: Path, tflite_runtime: Target, limits: Limits, seed: int
) -> None:
    path = corrupt(data / "two_inputs.tflite", tmp_path, seed)
    # It may crash, refuse, hang or load, by what the memory holds: never anything else.
    try:
        local.open_session(path, tflite_runtime, limits=limits).close()
    except EdgekitError as error:
        assert path.name in str(error)


@pytest.mark.parametrize("seed", range(6))
def test_litert_survives_corrupt_files(
    data: Path, tmp_path: Path, limits: Limits, seed: int
) -> None:
    path = corrupt(data / "two_inputs.tflite", tmp_path, seed)
    with pytest.raises(EdgekitError) as caught:
        local.open_session(path, Target(), limits=limits)
    assert not isinstance(caught.value, WorkerCrashed)
    assert caught.value.received


def test_an_abort_in_the_middle(data: Path, limits: Limits) -> None:
    session = local.HostSession(data / "ids.tflite", Target(), limits)
    os.kill(session._loaded.process._child.pid, signal.SIGABRT)
    with session, pytest.raises(WorkerCrashed, match=r"ids\.tflite") as caught:
        session.run({"ids": np.zeros((1, 3), np.int32)})
    assert "SIGABRT" in str(caught.value.received)


def test_an_endless_loop_meets_the_time_limit(data: Path, target: Target) -> None:
    limits = Limits(seconds=8.0)  # starting must not take as long
    with local.open_session(data / "hang.tflite", target, limits=limits) as session:
        with pytest.raises(WorkerTimeout, match=r"hang\.tflite.* 8 s"):
            session.run({"x": np.ones((1, 2), np.float32)})


def test_too_much_memory_meets_the_memory_limit(data: Path, target: Target) -> None:
    limits = Limits(seconds=60.0, memory_bytes=300 << 20)
    with pytest.raises(WorkerOutOfMemory, match=r"memory\.tflite.* 300 MiB"):
        with local.open_session(data / "memory.tflite", target, limits=limits) as session:
            session.run({"x": np.ones((1, 256), np.float32)})
