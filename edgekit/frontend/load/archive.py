"""Open the containers that Keras writes, without trusting them: zip and HDF5.

What a container declares is compared with what it stores before anything is unpacked: a
2 MB archive can hold 2 GB of zeros, and a link inside an HDF5 file can read any other file.
"""

from __future__ import annotations

import json
import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from edgekit.core.errors import ModelError, reading

MAX_RATIO = 200
"""Unpacked over stored size beyond which a large archive is taken for a bomb."""

RATIO_FLOOR_BYTES = 256 * 2**20
"""Below this unpacked size no ratio is suspicious: a config of zeros compresses well."""

MAX_UNPACKED_BYTES = 16 * 2**30
"""No model for a phone unpacks to more."""

MAX_DEPTH = 300
"""Levels of lists and objects in a configuration; forty models inside one another need 200."""

_NOT_WHOLE = "The zip archive is damaged."

DAMAGED = "copy or download it again: the file was cut off or changed on the way."
"""The next step for a file that is not whole."""


def _refuse_bomb(path: Path, unpacked: int, stored: int) -> None:
    ratio = unpacked / max(stored, 1)
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > RATIO_FLOOR_BYTES and ratio > MAX_RATIO):
        raise ModelError(
            f"A model file must not unpack to more than {MAX_UNPACKED_BYTES // 2**30} GiB, nor to "
            f"more than {MAX_RATIO} times its size.",
            received=f"{path.name} stores {stored} bytes and declares {unpacked}.",
            hint="this looks like an archive bomb; get the model from a source you trust.",
        )


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive whose directory was checked: sizes, ratio, and names of entries.

    Raises:
        ModelError: Damaged, an archive bomb, or an entry that leaves the archive.
    """
    with reading(path.name, _NOT_WHOLE, kind=ModelError, hint=DAMAGED):
        archive = zipfile.ZipFile(path)
    with archive:
        entries = archive.infolist()
        for entry in entries:
            _check_entry_name(path, entry.filename)
        _refuse_bomb(path, sum(e.file_size for e in entries), sum(e.compress_size for e in entries))
        yield archive


def zip_folder(folder: Path, target: Path) -> Path:
    """A model saved with `zipped=False`, as the archive that it would have been.

    Raises:
        ModelError: A link leads out of the folder, or something in it is no regular file.
    """
    with zipfile.ZipFile(target, "w") as archive:
        for where, _, names in os.walk(folder):
            for name in sorted(names):
                file = Path(where, name)
                if not stat.S_ISREG(file.stat().st_mode) or not _is_inside(file, folder):
                    _refuse_link(folder, f"{file.relative_to(folder)} -> {file.resolve()}")
                archive.write(file, file.relative_to(folder))
    return target


def _is_inside(file: Path, folder: Path) -> bool:
    """Whether a file lies in the folder, or in the store that a Hugging Face snapshot links to."""
    file, folder = file.resolve(), folder.resolve()
    in_store = folder.parent.name == "snapshots" and file.parent == folder.parents[1] / "blobs"
    return in_store or file.is_relative_to(folder)


def _check_entry_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in (parts.parts or ("",))[0]:
        raise ModelError(
            "Every entry of a model archive must lie inside the archive.",
            received=f"{path.name} holds {name!r}",
            hint="this archive would write outside its folder; get the model elsewhere.",
        )


def read_entry(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """One entry, unpacked, at most as long as the archive's directory says.

    Raises:
        ModelError: No such entry, or its bytes are damaged.
    """
    if name not in archive.namelist():
        raise ModelError(
            f"The .keras archive has no {name}.",
            received=f"{path.name} holds {', '.join(archive.namelist()[:6]) or 'nothing'}",
            hint="save the model again with model.save('NAME.keras').",
        )
    with reading(f"{path.name}, {name}", _NOT_WHOLE, kind=ModelError, hint=DAMAGED):
        return archive.read(name)


def read_json(path: Path, content: bytes | str, what: str) -> dict[str, Any]:
    """A JSON object of the file `path`.

    Raises:
        ModelError: Not JSON, or not an object.
    """
    with reading(path.name, f"{what} is not JSON.", kind=ModelError, hint=DAMAGED):
        payload = json.loads(content)
    if not isinstance(payload, dict):
        raise ModelError(
            f"{what} must be a JSON object.",
            received=f"{path.name}: {str(payload)[:60]}",
            hint=DAMAGED,
        )
    if _is_deeper(payload, MAX_DEPTH):
        raise ModelError(
            f"{what} is nested too deeply.",
            received=f"{path.name}: more than {MAX_DEPTH} levels",
            hint=DAMAGED,
        )
    return payload


def _is_deeper(value: Any, levels: int) -> bool:
    layer = [value]
    for _ in range(levels):
        layer = [
            inner
            for item in layer
            if isinstance(item, (dict, list))
            for inner in (item.values() if isinstance(item, dict) else item)
        ]
        if not layer:
            return False
    return True


@contextmanager
def open_hdf5(path: Path, file: IO[bytes] | None = None) -> Iterator[Any]:
    """An HDF5 file as `h5py.File`; `file` when it lies inside an archive.

    Raises:
        ModelError: Damaged, a link that leaves the file, or h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise ModelError(
            "The package h5py, which reads HDF5 files, is not installed.",
            received="h5py is not installed",
            hint="pip install 'edgekit-tflite[convert]'",
        ) from None
    # h5py finds most damage when a group or attribute is read, so the door stays open till then.
    with reading(path.name, "The HDF5 file is damaged.", kind=ModelError, hint=DAMAGED):
        with h5py.File(path if file is None else file, "r") as opened:
            _check_links(path, opened)
            yield opened


def _check_links(path: Path, file: Any) -> None:
    """Refuse links out of the file before any is followed: one may lead through another."""
    import h5py

    def leaves_file(name: bytes, link: Any) -> bytes | None:
        return None if link.type in (h5py.h5l.TYPE_HARD, h5py.h5l.TYPE_SOFT) else name

    found = file.id.links.visit(leaves_file, info=True)
    if found is not None:
        _refuse_link(path, f"{found.decode(errors='replace')}, in another file")


def text_attribute(group: Any, name: str) -> str | None:
    """An attribute of an HDF5 group as text, or None where it is absent."""
    value = group.attrs.get(name)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value and str(value)


def count_weights(path: Path, file: Any, stored_bytes: int) -> int:
    """How many numbers an HDF5 file's datasets hold, after checking each of them.

    Raises:
        ModelError: A dataset that declares far more than is stored, or lies in another file.
    """
    import h5py

    elements = unpacked = 0
    pending = [file]
    seen: set[Any] = set()
    while pending:
        group = pending.pop()
        for name in group:
            item = group.get(name)
            if item is None or item.id in seen:
                continue
            seen.add(item.id)
            if isinstance(item, h5py.Group):
                pending.append(item)
            elif isinstance(item, h5py.Dataset):
                if item.external or item.is_virtual:
                    _refuse_link(path, f"{item.name}, stored in another file")
                elements += item.size or 0
                unpacked += item.nbytes if item.shape is not None else 0
    _refuse_bomb(path, unpacked, stored_bytes)
    return elements


def stored_shapes(file: Any) -> list[tuple[str, tuple[int, ...]]]:
    """Where each dataset of an HDF5 file lies, and its shape."""
    found: list[tuple[str, tuple[int, ...]]] = []

    def note(name: str, item: Any) -> None:
        shape = getattr(item, "shape", None)
        if shape is not None:
            found.append((name, tuple(shape)))

    file.visititems(note)
    return found


def _refuse_link(path: Path, what: str) -> None:
    raise ModelError(
        "A model's weights must lie in its own file.",
        received=f"{path.name} links to {what}",
        hint="this file would read other files; get the model from a source you trust.",
    )
