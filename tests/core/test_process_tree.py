"""The memory of a child and of all that it started, and their end."""

from __future__ import annotations

import subprocess
import sys
import time

import psutil
import pytest

from edgekit.core.process_tree import ProcessTree

MIB = 2**20
HOLD = "held = bytearray(b'x' * {mib} * 2**20); print('held', flush=True); input()"
PARENT = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", sys.argv[1]], stdin=subprocess.PIPE,
                         stdout=subprocess.PIPE, start_new_session=True)
child.stdout.readline()
print(child.pid, flush=True)
input()
"""


def start(*arguments: str) -> tuple[subprocess.Popen[bytes], str]:
    """A process, and the first line that it printed."""
    child = subprocess.Popen(
        [sys.executable, "-c", *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout is not None
    return child, child.stdout.readline().decode().strip()


def close(child: subprocess.Popen[bytes]) -> None:
    for pipe in (child.stdin, child.stdout):
        assert pipe is not None
        pipe.close()


def is_gone(pid: int) -> bool:
    """Whether a process is gone; one that was killed may take a moment."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            if psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
                return True
        except psutil.NoSuchProcess:
            return True
        time.sleep(0.02)
    return False


def test_resident_bytes_are_those_of_the_child_and_of_what_it_started() -> None:
    alone, _ = start(HOLD.format(mib=1))
    parent, _ = start(PARENT, HOLD.format(mib=80))
    trees = [ProcessTree(alone), ProcessTree(parent)]
    try:
        small, large = (tree.resident_bytes(2**40) for tree in trees)
        assert 0 < small < 80 * MIB < large
        # Beyond the limit shared pages count once: the libraries of two Pythons.
        assert 80 * MIB < trees[1].resident_bytes(1) <= large
    finally:
        for tree, child in zip(trees, (alone, parent), strict=True):
            tree.kill()
            close(child)
    until = time.monotonic() + 30  # what was killed may take a moment
    while trees[1].resident_bytes(2**40) and time.monotonic() < until:
        time.sleep(0.02)
    assert trees[1].resident_bytes(2**40) == 0


def test_killing_ends_a_descendant_in_another_session_too() -> None:
    parent, said = start(PARENT, HOLD.format(mib=1))
    tree = ProcessTree(parent)
    tree.kill()
    assert parent.returncode is not None
    assert is_gone(int(said))
    tree.kill()  # a second time does nothing
    close(parent)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows ends what it started with a child")
def test_what_a_child_left_behind_is_known_from_the_last_look() -> None:
    parent, said = start(PARENT, HOLD.format(mib=1))
    tree = ProcessTree(parent)
    assert tree.resident_bytes(2**40) > 0
    parent.kill()
    parent.wait()
    assert psutil.pid_exists(int(said))
    tree.kill()
    assert is_gone(int(said))
    close(parent)
