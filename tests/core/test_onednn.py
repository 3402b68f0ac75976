"""A TensorFlow child that crashes runs once more without oneDNN, and what helped is remembered."""

import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from edgekit.core import onednn
from edgekit.core.errors import DataError, WorkerCrashed
from edgekit.core.isolate import Stage
from edgekit.core.records import Limits
from tests.stages import calls, stages

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")

CHILD = """
import os, signal
from edgekit.core.errors import DataError
from tests.core.test_onednn import Answer
def run(request, report):
    off = os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0"
    with open(request.log, "a") as log:
        log.write("off " if off else "on ")
    how = request.off if off else request.on
    if how == "refuses":
        raise DataError("A rule.")
    if how != "works":
        if how in ("SIGHUP", "SIGTERM"):  # nohup, for one, has children ignore the first
            signal.signal(getattr(signal, how), signal.SIG_DFL)
        os.kill(os.getpid(), getattr(signal, how))
    return Answer(said="done")
other = run
"""


@dataclass(frozen=True, slots=True)
class Crashes:
    """How the child ends with oneDNN and without: `works`, `refuses`, or the name of a signal."""

    on: str
    off: str
    log: Path


@dataclass(frozen=True, slots=True)
class Answer:
    said: str


@pytest.fixture(autouse=True)
def fake_child(tmp_path, monkeypatch):
    (tmp_path / "tests_onednn.py").write_text(CHILD)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS", raising=False)


def call(tmp_path, on, off, function="run"):
    """What the child returns, the notes, and how oneDNN was set each time it ran."""
    log = tmp_path / "log"
    log.write_text("")
    notes = []
    result = onednn.call(
        Stage(f"tests_onednn:{function}", Crashes, Answer),
        Crashes(on=on, off=off, log=log),
        name="The training",
        limits=Limits(seconds=60),
        own_code=True,
        notes=notes,
    )
    return result.said, notes, log.read_text().split()


@pytest.mark.parametrize("name", ["SIGSEGV", "SIGABRT", "SIGILL", "SIGFPE", "SIGBUS"])
def test_a_crash_that_goes_without_onednn_is_a_note(tmp_path, name):
    result, notes, ran = call(tmp_path, name, "works")
    assert (result, ran) == ("done", ["on", "off"])
    assert len(notes) == 1
    assert notes[0].startswith("The training ran without oneDNN")
    # It is remembered: the next one does not crash first, and says the same.
    assert call(tmp_path, name, "works") == ("done", notes, ["off"])


def test_another_tensorflow_work_or_processor_asks_anew(tmp_path, monkeypatch):
    call(tmp_path, "SIGSEGV", "works")
    assert call(tmp_path, "works", "works", "other")[2] == ["on"]
    monkeypatch.setattr(onednn, "_version", lambda: "9.9")
    assert call(tmp_path, "works", "works")[2] == ["on"]
    monkeypatch.undo()
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{ROOT}")
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(onednn, "_processor", lambda: "another")
    assert call(tmp_path, "works", "works")[2] == ["on"]


def test_what_works_is_left_as_it_is(tmp_path):
    assert call(tmp_path, "works", "SIGSEGV") == ("done", [], ["on"])
    assert not (tmp_path / "home").exists()


def test_a_crash_both_ways_is_an_error_that_blames_no_file_for_sure(tmp_path):
    with pytest.raises(WorkerCrashed) as caught:
        call(tmp_path, "SIGSEGV", "SIGSEGV")
    assert "SIGSEGV" in caught.value.received
    assert "with oneDNN and without" in caught.value.hint
    assert "may be damaged" in caught.value.hint
    assert not list((tmp_path / "home").rglob("*"))  # it did not help: nothing is remembered
    assert (tmp_path / "log").read_text().split() == ["on", "off"]


@pytest.mark.parametrize("name", ["SIGKILL", "SIGTERM", "SIGHUP"])
def test_signals_from_outside_are_no_crash_of_a_kernel(tmp_path, name):
    with pytest.raises(WorkerCrashed) as caught:
        call(tmp_path, name, "works")
    assert caught.value.signal == getattr(signal, name)
    assert (tmp_path / "log").read_text().split() == ["on"]


def test_an_error_of_the_second_run_is_the_error(tmp_path):
    with pytest.raises(DataError, match=r"A rule\."):
        call(tmp_path, "SIGSEGV", "refuses")


def test_a_home_that_cannot_be_written_remembers_nothing_and_works(tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "file" / "home"))
    for _ in range(2):
        assert call(tmp_path, "SIGSEGV", "works")[2] == ["on", "off"]


# Reads attributes of a .h5 with h5py, and never imports TensorFlow (test_recognise).
WITHOUT_TENSORFLOW = {"RECOGNISE"}


def test_every_child_that_computes_with_tensorflow_is_called_so():
    computing = {
        name
        for name, stage in stages().items()
        if stage.target.startswith(("edgekit.frontend.", "edgekit.compress."))
    } - WITHOUT_TENSORFLOW
    assert {name for _, name in calls("onednn")} == computing
    assert not {name for _, name in calls("isolate")} & computing
