"""A child process together with all that it started: how much memory they hold, and their end."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psutil

# Looking for descendants is looking at every process of the machine: not each time, therefore.
_READINGS_PER_SEARCH = 10


class ProcessTree:
    """A child and its descendants.

    Args:
        child: Started as the leader of a session, and so of a process group.
    """

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self._members: list[psutil.Process] = []
        self._readings = 0
        self._ending = threading.Lock()
        self._ended = False

    def resident_bytes(self, limit: int) -> int:
        """Resident memory of all of them now, in bytes.

        Pages that several of them share count once, where the system tells and where it matters:
        when they pass `limit` otherwise.
        """
        if self._readings % _READINGS_PER_SEARCH == 0:
            self._members = _tree(self._child.pid)
        self._readings += 1
        total = sum(map(_resident, self._members))
        if total <= limit or len(self._members) == 1:
            return total
        return sum(map(_proportional, self._members))

    def kill(self) -> None:
        """End the child and all that it started, at once. Returns when the child is gone."""
        with self._ending:
            if self._ended:
                return  # its number may be another process's by now
            # Those of the last search, too: what a child that is gone left behind.
            known = self._members[1:]
            descendants = _tree(self._child.pid)[1:] if self._child.poll() is None else []
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(self._child.pid, signal.SIGKILL)
                else:
                    self._child.kill()
            for process in (*known, *descendants):  # those that left the group
                _kill(process)
            self._child.wait()
            self._ended = True


def _tree(pid: int) -> list[psutil.Process]:
    """A process and its descendants; nothing when it is gone."""
    import psutil

    try:
        top = psutil.Process(pid)
        return [top, *top.children(recursive=True)]
    except psutil.Error:
        return []


def _resident(process: psutil.Process) -> int:
    import psutil

    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def _proportional(process: psutil.Process) -> int:
    import psutil

    try:
        memory = process.memory_full_info()
    except psutil.Error:
        return _resident(process)
    return int(getattr(memory, "pss", memory.rss))  # Linux alone has it


def _kill(process: psutil.Process) -> None:
    import psutil

    with contextlib.suppress(psutil.Error):
        process.kill()
