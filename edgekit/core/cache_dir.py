"""Where edgekit keeps what it makes for this user, and locks for what two processes may write."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.core.errors import EnvironmentFailure
from edgekit.core.locks import Lock
from edgekit.core.process import Progress


def home() -> Path:
    """Where edgekit keeps what it makes for this user: `$EDGEKIT_HOME`, or the cache folder."""
    if chosen := os.environ.get("EDGEKIT_HOME"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "edgekit"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", Path.home() / "AppData" / "Local")) / "edgekit"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "edgekit"


@contextmanager
def locked(path: Path, report: Progress, doing: str) -> Iterator[None]:
    """Hold the lock file of `path`, beside it. The system frees it when the process ends, however.

    Args:
        path: What is locked; it need not exist.
        report: Told when somebody else holds it.
        doing: What they are doing, to be told.

    Raises:
        EnvironmentFailure: The lock file cannot be made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = Lock(path.parent / f".{path.name}.lock")
        if not lock.take(wait=False):
            report(f"waiting for another edgekit that is {doing}")
            lock.take(wait=True)
    except OSError as error:
        raise EnvironmentFailure(
            f"edgekit could not write to its own folder, {path.parent}.",
            received=str(error),
            hint="set EDGEKIT_HOME to a folder that you may write to.",
        ) from None
    try:
        yield
    finally:
        lock.release()


def lock_of(output: Path) -> Lock | None:
    """The lock of something that lies elsewhere: nothing of edgekit's is left beside it.

    None where edgekit's own folder cannot be written: a conversion works there all the same.
    """
    folder = home() / "locks"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return None
    if not os.access(folder, os.W_OK):
        return None
    name = hashlib.sha256(os.fsencode(output.resolve())).hexdigest()[:16]
    return Lock(folder / f".{name}.lock")
