"""The key of the cache: a hash of `edgekit.toml` and of what it names.

Reads `EDGEKIT_PROJECT` (a folder or a file) and `EDGEKIT_VERSION`, and gives the output `hash`.
What the gate has cached it finds by content, so a key that misses a change costs time and never a
wrong answer. So only regular files below the project's folder count, the first of them up to a
number and a size: a pull request of a stranger cannot make the key read what lies elsewhere, wait
for a pipe, or take an hour.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import tomllib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from commands import set_outputs

_MOST_FILES = 20_000
_MOST_BYTES = 4 * 2**30
_MOST_TOML_BYTES = 4 * 2**20


def digest(project: Path, version: str, checkout: Path) -> str:
    """A hash, as hex.

    Args:
        project: The project file, or its folder: it counts, with all that a text in it names.
        version: Of edgekit. What another one computed is of no use to it.
        checkout: Of this action, whose edgekit is used where no version is asked for.
    """
    path = project / "edgekit.toml" if project.is_dir() else project
    total = hashlib.sha256(f"{version}\n".encode())
    own = [] if version else sorted((checkout / "edgekit").rglob("*.py"))
    left = _MOST_BYTES
    told = [path, *islice(_named(path), _MOST_FILES)] if _below(path, path.parent.resolve()) else []
    for file in [*own, *told]:
        content, size = _content(file, left)
        left -= size
        if content:
            name = os.fsencode(file.name)
            total.update(b"%s\0%s\n" % (name, content.encode()))
    return total.hexdigest()


def _content(path: Path, most: int) -> tuple[str, int]:
    """The hash of a regular file and how much was read; of one larger than `most`, its size.

    Nothing where it cannot be read: most texts name no file, and the gate says what is missing.
    """
    try:
        with open(path, "rb", opener=_at_once) as file:
            found = os.fstat(file.fileno())
            if not stat.S_ISREG(found.st_mode):
                return "", 0
            if found.st_size > most:
                return f"{found.st_size} bytes", 0
            return hashlib.file_digest(file, "sha256").hexdigest(), found.st_size
    except (OSError, ValueError):
        return "", 0


def _at_once(path: str, flags: int) -> int:
    """Open, without waiting for somebody to write into a pipe."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _named(path: Path) -> Iterator[Path]:
    """The files that texts of a project file name, and those in folders that they name."""
    try:
        with open(path, "rb", opener=_at_once) as file:
            told = tomllib.loads(file.read(_MOST_TOML_BYTES).decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return  # `edgekit gate` says what is wrong with it
    root = path.parent.resolve()
    for text in _texts(told):
        try:
            place = path.parent / text
            if Path(text).is_absolute() or ".." in Path(text).parts or not _below(place, root):
                continue
            for found in _walk(place) if place.is_dir() else [place]:
                if _below(found, root):
                    yield found
        except (OSError, ValueError):
            continue  # no path at all


def _below(path: Path, root: Path) -> bool:
    """Whether a path leads to what lies below a folder, wherever links on its way lead."""
    return root in path.resolve().parents


def _walk(folder: Path) -> Iterator[Path]:
    """All in a folder but folders, in one order on every machine; links to folders are no way."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        yield from (Path(place, name) for name in sorted(files))


def _texts(value: Any) -> Iterator[str]:
    """Every text in a TOML document that may name a file: not `.`, which is all of the folder."""
    if isinstance(value, str) and value.strip("./\\ "):
        yield value
    elif isinstance(value, dict):
        for one in value.values():
            yield from _texts(one)
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one)


if __name__ == "__main__":
    project = Path(os.environ.get("EDGEKIT_PROJECT") or ".")
    version = os.environ.get("EDGEKIT_VERSION", "")
    set_outputs({"hash": digest(project, version, Path(__file__).resolve().parents[1])})
    sys.exit(0)
