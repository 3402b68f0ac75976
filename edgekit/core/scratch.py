"""Temporary folders: each process has one of its own, and what the dead left is swept away.

That folder is `edgekit-*` in TMPDIR (or another place). A lock file in it is held for as long as
the process lives: a folder whose lock is free belongs to nobody, and goes when the next edgekit
makes its own. Folders without such a file, and those of other users, are never touched.
"""

from __future__ import annotations

import atexit
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from edgekit.core import locks

_PREFIX = "edgekit-"
_LOCK = "owner.lock"

# By process (a fork has its own) and place.
_roots: dict[tuple[int, Path], Path] = {}
_making = threading.Lock()


@contextmanager
def folder(place: Path | None = None) -> Iterator[Path]:
    """A new empty folder, removed at the end with all that is in it.

    Args:
        place: Where; the system's temporary folder by default.

    Raises:
        OSError: It cannot be made.
    """
    with tempfile.TemporaryDirectory(dir=root(place), ignore_cleanup_errors=True) as made:
        yield Path(made)


def root(place: Path | None = None) -> Path:
    """The folder that holds all temporary folders of this process in `place`.

    Raises:
        OSError: It cannot be made.
    """
    place = place or Path(tempfile.gettempdir())
    key = os.getpid(), place
    with _making:
        if key not in _roots or not _roots[key].is_dir():
            _sweep(place)
            _roots[key] = _make(place)
            atexit.register(_remove, _roots[key], os.getpid())
        return _roots[key]


def _make(place: Path) -> Path:
    made = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=place))
    # Locked before it has its name: a sweeper never sees a free lock of somebody alive.
    unnamed = made / "new.lock"
    descriptor = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    locks.take(descriptor)  # and kept open: the system frees it when this process ends
    with suppress(OSError):  # Windows renames no open file: nothing is swept there
        unnamed.rename(made / _LOCK)
    return made


def _sweep(place: Path) -> None:
    """Remove the folders of this user's processes that are no more."""
    if not hasattr(os, "getuid"):
        return
    with suppress(OSError):
        for lock in place.glob(f"{_PREFIX}*/{_LOCK}"):
            with suppress(OSError):
                if lock.parent.lstat().st_uid != os.getuid() or lock.parent.is_symlink():
                    continue
                descriptor = os.open(lock, os.O_RDWR | os.O_NOFOLLOW)
                try:
                    if locks.take(descriptor):
                        shutil.rmtree(lock.parent, ignore_errors=True)
                finally:
                    os.close(descriptor)


def _remove(made: Path, owner: int) -> None:
    if os.getpid() == owner:  # not in a fork of it
        shutil.rmtree(made, ignore_errors=True)
