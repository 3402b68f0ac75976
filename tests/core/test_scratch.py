"""Temporary folders: one a process; those of the dead go, all others stay."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from edgekit.core import locks, scratch

HOLD = """
import sys, time
from pathlib import Path
from edgekit.core import scratch
with scratch.folder(Path(sys.argv[1])) as folder:
    (folder / "work").mkdir()
    (folder / "work" / "file").write_text("x")
    print(folder.parent, flush=True)
    time.sleep(600) if sys.argv[2] == "wait" else None
"""


def holder(place, then="wait"):
    """A process with a temporary folder in `place`, and that folder."""
    command = [sys.executable, "-c", HOLD, str(place), then]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    return process, Path(process.stdout.readline().strip())


def end(process, number=signal.SIGKILL):
    process.send_signal(number)
    process.communicate()


def test_a_folder_goes_with_its_block_and_the_root_with_its_process(tmp_path):
    with scratch.folder(tmp_path) as folder:
        (folder / "file").write_text("x")
        assert folder.parent == scratch.root(tmp_path)
        with scratch.folder(tmp_path) as second:
            assert second.parent == folder.parent
    assert not folder.exists()
    process, root = holder(tmp_path, "end")
    process.communicate()
    assert not root.exists()


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders are swept on POSIX systems")
def test_only_folders_of_dead_processes_are_swept(tmp_path):
    dead, of_dead = holder(tmp_path)
    alive, of_alive = holder(tmp_path)
    end(dead)
    others = ["edgekit-notes", "edgekit-gate-old", "other"]
    for name in others:  # no lock: nobody knows whose they are
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text("mine")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "owner.lock").touch()
    (tmp_path / "edgekit-link").symlink_to(elsewhere)
    try:
        assert of_dead.exists()
        scratch.root(tmp_path)
        assert not of_dead.exists()
        assert (of_alive / "owner.lock").exists()
        assert all((tmp_path / name / "file").read_text() == "mine" for name in others)
        assert (elsewhere / "owner.lock").exists()
    finally:
        end(alive)


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="folders are swept on POSIX systems")
def test_folders_of_another_user_are_left_alone(tmp_path, monkeypatch):
    dead, of_dead = holder(tmp_path)
    end(dead)
    monkeypatch.setattr(os, "getuid", lambda: os.stat(tmp_path).st_uid + 1)
    scratch.root(tmp_path)
    assert of_dead.exists()


def test_a_root_that_was_removed_is_made_again(tmp_path):
    first = scratch.root(tmp_path)
    scratch._remove(first, os.getpid())
    with scratch.folder(tmp_path) as folder:
        assert folder.is_dir()


def test_a_lock_is_held_by_one_and_leaves_no_file(tmp_path):
    path = tmp_path / "lock"
    first, second = locks.Lock(path), locks.Lock(path)
    assert first.take(wait=False)
    assert first.take(wait=False)  # it has it already
    assert not second.take(wait=False)
    first.release()
    assert second.take(wait=True)
    second.release()
    second.release()
    assert sys.platform == "win32" or not path.exists()


def test_a_lock_is_free_when_its_holder_is_killed(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from edgekit.core.locks import Lock\n"
        "Lock(Path(sys.argv[1])).take(wait=True); print('held', flush=True); time.sleep(600)"
    )
    path = tmp_path / "lock"
    process = subprocess.Popen(
        [sys.executable, "-c", program, str(path)], stdout=subprocess.PIPE, text=True
    )
    process.stdout.readline()
    lock = locks.Lock(path)
    assert not lock.take(wait=False)
    end(process)
    assert lock.take(wait=True)
    lock.release()


def test_locks_that_are_taken_and_released_at_random_are_never_held_twice(tmp_path):
    """The file is removed at each release: who waits for it must not hold a removed one."""
    program = (
        "import os, sys; from pathlib import Path; from edgekit.core.locks import Lock\n"
        "mark = sys.argv[1] + '.inside'\n"
        "for _ in range(100):\n"
        "    lock = Lock(Path(sys.argv[1]))\n"
        "    while not lock.take(wait=False): pass\n"
        "    os.close(os.open(mark, os.O_CREAT | os.O_EXCL)); os.unlink(mark)\n"
        "    lock.release()\n"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "lock")]
    processes = [subprocess.Popen(command) for _ in range(3)]
    assert [process.wait() for process in processes] == [0, 0, 0]
