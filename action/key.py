"""The key of the cache: a hash of `edgekit.toml` and of what it names.

Reads `EDGEKIT_PROJECT` (a folder or a file) and `EDGEKIT_VERSION`, and gives the output `hash`.
What the gate has cached it finds by content, so a key that misses a change costs time and never a
wrong answer.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commands import set_outputs


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
    for file in [*own, path, *_named(path)]:
        try:
            with file.open("rb") as opened:
                content = hashlib.file_digest(opened, "sha256").hexdigest()
        except OSError:
            continue  # no file: most texts are none, and the gate says what is missing
        total.update(f"{file.name}\0{content}\n".encode())
    return total.hexdigest()


def _named(path: Path) -> list[Path]:
    try:
        told = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []  # `edgekit gate` says what is wrong with it
    found: list[Path] = []
    for text in _texts(told):
        try:
            place = path.parent / text
            found += sorted(place.rglob("*")) if place.is_dir() else [place]
        except (OSError, ValueError):
            continue  # no path at all
    return found


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
