"""A guarded program ends with the process that started it, and so does all that it starts."""

import subprocess
import sys
import time

import psutil
import pytest

from edgekit.core import guard

# Starts a program of its own, as pip does, says both numbers, and works on.
PROGRAM = """
import os, subprocess, sys, time
other = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
with open(sys.argv[1] + ".part", "w") as file:
    file.write(f"{os.getpid()} {other.pid}")
os.rename(sys.argv[1] + ".part", sys.argv[1])
time.sleep(600)
"""
PARENT = """
import sys
from edgekit.core import guard
guard.run([sys.executable, "-c", sys.argv[1], sys.argv[2]], seconds=600)
"""


def alive(pids):
    """Those of the processes that still run, after they had time to end."""
    deadline = time.monotonic() + 30
    left = list(pids)
    while left and time.monotonic() < deadline:
        left = [pid for pid in left if psutil.pid_exists(pid) and not is_dead(pid)]
        time.sleep(0.02)
    return left


def is_dead(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def numbers(path):
    while not path.exists():
        time.sleep(0.02)
    return [int(pid) for pid in path.read_text().split()]


def test_the_exit_code_and_all_that_was_printed_come_back():
    code = "import sys; print('out', flush=True); print('error', file=sys.stderr); sys.exit(3)"
    assert guard.run([sys.executable, "-c", code], seconds=60) == (3, "out\nerror\n")


def test_its_input_is_empty():
    code = "import sys; print(repr(sys.stdin.read()))"
    assert guard.run([sys.executable, "-c", code], seconds=60) == (0, "''\n")


def test_a_program_that_is_not_there_is_an_error():
    with pytest.raises(OSError, match="no/such"):
        guard.run(["/no/such/program"], seconds=60)


def test_the_family_ends_at_the_time_limit(tmp_path):
    path = tmp_path / "pids"
    with pytest.raises(subprocess.TimeoutExpired):
        guard.run([sys.executable, "-c", PROGRAM, str(path)], seconds=3)
    assert not alive(numbers(path) if path.exists() else [])


@pytest.mark.parametrize("how", ["kill", "terminate"])
def test_the_family_ends_with_the_parent(tmp_path, how):
    path = tmp_path / "pids"
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, PROGRAM, str(path)], stderr=subprocess.DEVNULL
    )
    pids = numbers(path)
    assert len(pids) == 2
    getattr(parent, how)()
    parent.wait()
    assert not alive(pids)
