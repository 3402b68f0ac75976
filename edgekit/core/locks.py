"""Locks that the system frees when their process ends, however it ends."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

_POLL_SECONDS = 0.05


def take(descriptor: int) -> bool:
    """Lock an open file for this process alone; False where another one holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


class Lock:
    """A lock file that is there only while somebody holds it.

    Args:
        path: The lock file; its folder exists.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def take(self, *, wait: bool) -> bool:
        """Hold the lock; False where another one does and this one shall not `wait`.

        Raises:
            OSError: The file cannot be made.
        """
        while self._descriptor is None:
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o666)
            # Who held it before may have removed this file: a lock on it says nothing then.
            if take(descriptor) and self._is_at_its_place(descriptor):
                self._descriptor = descriptor
                return True
            os.close(descriptor)
            if not wait:
                return False
            time.sleep(_POLL_SECONDS)
        return True

    def _is_at_its_place(self, descriptor: int) -> bool:
        try:
            return os.path.samestat(os.fstat(descriptor), os.stat(self._path))
        except FileNotFoundError:
            return False

    def release(self) -> None:
        """Let it go, and remove the file."""
        if self._descriptor is None:
            return
        with contextlib.suppress(OSError):  # Windows removes no open file: there it stays
            self._path.unlink()
        os.close(self._descriptor)
        self._descriptor = None
