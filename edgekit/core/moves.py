"""Files moved into place together: all of them, or none."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.errors import OutputError


@dataclass(frozen=True, slots=True)
class Move:
    """A file or folder that is moved to `target`; a `source` of None takes away the file there.

    `scratch` is a folder on the same file system, for what is replaced or taken away.
    """

    source: Path | None
    target: Path
    scratch: Path


@contextmanager
def staging(place: Path, beside: Path) -> Iterator[Path]:
    """A scratch folder in `beside`, on whose file system the files of `place` will lie.

    Raises:
        OutputError: Whatever the system refuses in the block: no room, no right, a file in the way.
    """
    try:
        beside.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{place.name[:50]}.", dir=beside) as scratch:
            yield Path(scratch)
    except OSError as error:
        raise OutputError(
            f"{place} could not be written.",
            received=error.strerror or str(error),
            hint="look at free space and permissions there, or choose another place.",
        ) from None


def move_all(moves: Sequence[Move]) -> None:
    """Move files and folders into place; where one cannot be moved, all are where they were.

    A file that is replaced is there at every moment, with its old content or with the new one.

    Args:
        moves: In this order. A folder is moved only to where there is nothing.

    Raises:
        OSError: The system refuses one of them.
    """
    undo: list[tuple[Path, Path]] = []
    made: list[Path] = []
    try:
        for number, move in enumerate(moves):
            target, before = move.target, move.scratch / f"before-{number}"
            if move.source is None:
                undo.append((before, target))
                target.rename(before)
                continue
            made += _make_parents(target)
            if os.path.lexists(target):
                _copy(target, before)
                undo.append((before, target))
            else:
                undo.append((target, move.source))
            move.source.replace(target)
    except BaseException:
        for now, place in reversed(undo):
            if os.path.lexists(now):
                now.replace(place)
        for folder in reversed(made):
            with suppress(OSError):
                folder.rmdir()
        raise


def _make_parents(path: Path) -> list[Path]:
    """The folders above `path` that there were not, the uppermost first."""
    missing = [folder for folder in path.parents if not os.path.lexists(folder)]
    path.parent.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _copy(path: Path, place: Path) -> None:
    """A second name for a file, or a copy where the file system has no links."""
    try:
        os.link(path, place, follow_symlinks=False)
    except (OSError, NotImplementedError):
        shutil.copy2(path, place, follow_symlinks=False)
