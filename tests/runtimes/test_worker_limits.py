"""A file that crashes, hangs or eats memory costs a worker and becomes one clear error."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import scratch
from edgekit.core.errors import (
    EdgekitError,
    EnvironmentFailure,
    InternalError,
    RunError,
    WorkerCrashed,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from edgekit.core.records import Limits, Target
from edgekit.runtimes import exchange, local
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


def test_nothing_is_left_behind(
    data: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exchange, "_SHARED_MEMORY", tmp_path)
    with local.open_session(data / "ids.tflite", Target(), limits=limits) as session:
        session.run({"ids": np.zeros((2, 3), np.int32)})
        with pytest.raises(RunError):
            session.run({"ids": np.full((2, 3), 77, np.int32)})
    own = scratch.root(tmp_path)
    assert list(tmp_path.iterdir()) == [own]
    assert [path.name for path in own.iterdir()] == ["owner.lock"]


def test_disk_serves_where_shared_memory_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_room", lambda _: 0)
    with exchange.folder(1) as place:
        assert exchange._SHARED_MEMORY not in place.parents
        assert place.is_dir()
    assert not place.exists()


def test_the_worker_ends_when_its_input_closes() -> None:
    command = [sys.executable, str(local.WORKER), "litert"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdin is not None and child.stdout is not None
        child.stdin.write(b'{"do": "hello"}\n')
        child.stdin.flush()
        assert json.loads(child.stdout.readline())["result"]["runtime"] == "litert"
        child.stdin.close()
        assert child.wait(timeout=30) == 0


def test_the_worker_imports_no_edgekit_and_hides_no_module(tmp_path: Path) -> None:
    # Its own folder must not be on sys.path: a file there could hide another package's module.
    probe = "import runpy, sys; sys.argv = ['worker.py', 'litert']; sys.stdin.close()"
    probe += f"; sys.path.insert(0, 'first'); module = runpy.run_path({str(local.WORKER)!r})"
    probe += "; print(sorted(m for m in sys.modules if m.startswith('edgekit')))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; sys.path += {sys.path!r}; {probe}"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.tflite_runtime
def test_tflite_runtime_with_numpy_2_says_what_is_wrong(limits: Limits) -> None:
    # edgekit's own Python has NumPy 2: the worker refuses before the native SystemError.
    target = Target(runtime="tflite-runtime")
    if int(np.__version__.partition(".")[0]) < 2:
        pytest.skip("this Python has NumPy 1")
    with local.start(Path(sys.executable), target, name="The worker", limits=limits) as worker:
        with pytest.raises(EnvironmentFailure, match="NumPy 1"):
            local.ask(worker, "hello")


def test_an_unforeseen_failure_is_an_internal_error(limits: Limits) -> None:
    with local.start(Path(sys.executable), Target(), name="The worker", limits=limits) as worker:
        with pytest.raises(InternalError, match="KeyError"):
            local.ask(worker, "run", handle=99)
        assert local.ask(worker, "hello")["runtime"] == "litert"  # and it goes on
