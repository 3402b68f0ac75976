"""Folders that bundles are written to: all of them or none, and nothing that is not edgekit's own.

A bundle holds a list of its files with their hashes, as `sha256sum --check` reads it. What is not
on the list, or has another content by now, somebody else wrote: it is never replaced.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path, PurePosixPath

from edgekit.core import serde
from edgekit.core.errors import OutputError, UsageError, reading
from edgekit.core.moves import Move, move_all, staging

LIST = "edgekit-files.sha256"
_LINE = re.compile(r"([0-9a-f]{64})  (.+)")
_MOST_NAMED = 5

Owned = Mapping[str, Collection[str]]
"""By path: hashes of what edgekit wrote there."""


def check(folder: Path, *, force: bool) -> None:
    """Refuse a folder that must not be written to.

    Raises:
        OutputError: It is a file, or a link to a folder.
        UsageError: It holds files, and is no bundle or not to be replaced; or somebody changed
            the bundle.
    """
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise OutputError(
            "A bundle must be a folder.",
            received=f"{folder} is a {'link' if folder.is_symlink() else 'file'}",
            hint=f"name {folder.resolve()} itself." if folder.is_symlink() else None,
        )
    if not folder.is_dir() or not any(folder.iterdir()):
        return
    if not force or not (folder / LIST).is_file():
        raise UsageError(
            "The folder is not empty; only a bundle can be replaced, with --force.",
            received=f"{folder} without {LIST}" if force else str(folder),
            hint=f"choose an empty folder, or delete this one: without {LIST} nobody can tell "
            "which of its files are edgekit's."
            if force
            else "add --force, or choose another one.",
        )
    owned = _owned(folder)
    changed = [name for name in owned if _content(folder, name) not in (*owned[name], None)]
    if changed:
        raise UsageError(
            "A bundle whose files were changed cannot be replaced.",
            received=f"changed since, in {folder}: {_named(changed)}",
            hint="move them elsewhere to keep them, or delete them; then bundle again.",
        )


def write(bundles: Mapping[Path, Mapping[str, bytes]], *, force: bool) -> None:
    """Write every bundle, or none: all are made beside their places, then moved there.

    Files of other people in the folders stay where they are.

    Args:
        bundles: By folder the contents of its files, by path with `/`.
        force: Replace bundles that are there.

    Raises:
        OutputError: The system refuses it.
        UsageError: A folder does not pass `check`, or holds what edgekit did not write where one
            of its files goes.
    """
    with ExitStack() as stack:
        moves: list[Move] = []
        for place, files in bundles.items():
            check(place, force=force)
            folder = place.absolute()
            # Beside a new folder, so that it is there at once; inside an old one, which may be
            # all that can be written to.
            there = folder.is_dir()
            scratch = stack.enter_context(staging(folder, folder if there else folder.parent))
            _stage(files, scratch / "new")
            if there:
                moves += _replacement(files, folder, scratch)
            else:
                moves.append(Move(scratch / "new", folder, scratch))
        move_all(moves)
        for move in moves:
            if move.source is None:
                with suppress(OSError):  # up to a folder that holds something
                    os.removedirs(move.target.parent)


def _stage(files: Mapping[str, bytes], folder: Path) -> None:
    for name in sorted(files):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[name])
    (folder / LIST).write_text(_list_text(_hashes(files)), encoding="utf-8")


def _replacement(files: Mapping[str, bytes], folder: Path, scratch: Path) -> list[Move]:
    """How an old bundle becomes the new one."""
    old, new = _owned(folder), _hashes(files)
    taken = [name for name in new if name not in old and _content(folder, name) is not None]
    if taken:
        raise UsageError(
            "The bundle cannot be written over files that edgekit did not write.",
            received=f"in {folder}: {_named(taken)}",
            hint="move it elsewhere, or choose another folder.",
        )
    # Until all is moved the list has both, so that a killed edgekit leaves files that it knows.
    both = {n: {*old.get(n, ()), *new.get(n, ())} for n in dict.fromkeys((*old, *new))}
    (scratch / LIST).write_text(_list_text(both), encoding="utf-8")
    gone = [name for name in old if name not in new and _content(folder, name) is not None]
    return [
        Move(scratch / LIST, folder / LIST, scratch),
        *(Move(scratch / "new" / name, folder / name, scratch) for name in new),
        *(Move(None, folder / name, scratch) for name in gone),
        Move(scratch / "new" / LIST, folder / LIST, scratch),
    ]


def _hashes(files: Mapping[str, bytes]) -> Owned:
    return {name: [hashlib.sha256(content).hexdigest()] for name, content in files.items()}


def _list_text(owned: Owned) -> str:
    return "".join(f"{sha}  {name}\n" for name in sorted(owned) for sha in sorted(owned[name]))


def _owned(folder: Path) -> Owned:
    """What the folder's list says; nothing where there is none.

    Raises:
        UsageError: It is damaged, or names what is not in the folder.
    """
    path, found = folder / LIST, dict[str, list[str]]()
    hint = "delete the folder, or choose another one."
    if not os.path.lexists(path):
        return found
    with reading(path, "The list of a bundle's files is damaged.", kind=UsageError, hint=hint):
        if not stat.S_ISREG(path.lstat().st_mode):
            raise ValueError("it is not a file")
        for line in path.read_text(encoding="utf-8").splitlines():
            match = _LINE.fullmatch(line)
            if not match or not _is_inside(match[2]):
                raise ValueError(f"the line {line!r}")
            found.setdefault(match[2], []).append(match[1])
    return found


def _is_inside(name: str) -> bool:
    """Whether a path is below the folder that it begins at."""
    path = Path(name)
    return bool(path.parts) and not (path.anchor or ".." in path.parts)


def _content(folder: Path, name: str) -> str | None:
    """The hash of a file in a folder, None where nothing is there.

    What is no file, or lies behind a link, has no hash: it is other people's.
    """
    place, parts = folder, PurePosixPath(name).parts
    for number, part in enumerate(parts, 1):
        place /= part
        if not os.path.lexists(place):
            return None
        mode = place.lstat().st_mode
        if not (stat.S_ISREG(mode) if number == len(parts) else stat.S_ISDIR(mode)):
            return "no file"
    return serde.sha256(place)


def _named(names: Collection[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return ", ".join(sorted(names)[:_MOST_NAMED]) + more
