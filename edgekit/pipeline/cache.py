"""What was computed once, kept by the hash of all that it depends on.

Entries are folders below `$EDGEKIT_HOME/cache` (see `home`), written whole and then moved into
place, so that processes that make the same one at once do no harm. Those that nobody has used for
a month are removed.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

import edgekit
from edgekit.errors import OutputError
from edgekit.home import home

_UNUSED_SECONDS = 30 * 24 * 3600.0


@cache
def own_digest() -> str:
    """Of edgekit's own sources: what another version computes is another thing."""
    root = Path(edgekit.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py")):
        digest.update(str(path.relative_to(root)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


@cache
def installed(distribution: str) -> str:
    """The version of a package, empty where it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return ""


def key(kind: str, **parts: Any) -> str:
    """The name of an entry.

    Args:
        kind: What it holds.
        parts: All that it depends on besides edgekit itself, as plain JSON values.
    """
    text = json.dumps({"kind": kind, "edgekit": own_digest(), **parts}, sort_keys=True)
    return f"{kind}-{hashlib.sha256(text.encode()).hexdigest()[:32]}"


def find(name: str) -> Path | None:
    """The folder of an entry, or None where there is none."""
    folder = _root() / name
    if not folder.is_dir():
        return None
    with suppress(OSError):  # a cache that may only be read is a cache
        os.utime(folder)
    return folder


@contextmanager
def making(name: str, *, replaces: bool = False) -> Iterator[Path]:
    """A folder to fill; when the block ends well it becomes the entry `name`.

    Where there is one already (another process was faster) that one stays, unless this one
    `replaces` it.

    Raises:
        OutputError: The cache cannot be written.
    """
    root = _root()
    try:
        root.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix=".part-", dir=root))
    except OSError as error:
        raise _unwritable(root, error) from None
    try:
        yield temporary
        try:
            if replaces:
                shutil.rmtree(root / name, ignore_errors=True)
            temporary.rename(root / name)
        except OSError as error:
            if not (root / name).is_dir():
                raise _unwritable(root, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        _forget(root)


def _root() -> Path:
    return home() / "cache"


def _unwritable(root: Path, error: OSError) -> OutputError:
    return OutputError(
        f"The cache {root} can be written.",
        received=error.strerror or str(error),
        hint="look at free space and permissions there, or set EDGEKIT_HOME to another folder.",
    )


def _forget(root: Path) -> None:
    """Remove what has not been used for long, and what killed processes left."""
    oldest = time.time() - _UNUSED_SECONDS
    with suppress(OSError):
        for entry in root.iterdir():
            if entry.stat().st_mtime < oldest:
                shutil.rmtree(entry, ignore_errors=True)
