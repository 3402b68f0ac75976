"""Open the containers that Keras writes, without trusting them: zip and HDF5.

What a container declares is compared with what it stores before anything is unpacked: a
2 MB archive can hold 2 GB of zeros, and a link inside an HDF5 file can read any other file.
"""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from edgekit.errors import ModelError

MAX_RATIO = 200
"""Unpacked over stored size beyond which a large archive is taken for a bomb."""

RATIO_FLOOR_BYTES = 256 * 2**20
"""Below this unpacked size no ratio is suspicious: a config of zeros compresses well."""

MAX_UNPACKED_BYTES = 16 * 2**30
"""No model for a phone unpacks to more."""

DAMAGED = "copy or download it again: the file was cut off or changed on the way."
"""The next step for a file that is not whole."""


def _refuse_bomb(path: Path, unpacked: int, stored: int) -> None:
    ratio = unpacked / max(stored, 1)
    if unpacked > MAX_UNPACKED_BYTES or (unpacked > RATIO_FLOOR_BYTES and ratio > MAX_RATIO):
        raise ModelError(
            f"A model file unpacks to at most {MAX_UNPACKED_BYTES // 2**30} GiB, and to at most "
            f"{MAX_RATIO} times its size.",
            received=f"{path.name} stores {stored} bytes and declares {unpacked}.",
            hint="this looks like an archive bomb; get the model from a source you trust.",
        )


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """A zip archive whose directory was checked: sizes, ratio, and names of entries.

    Raises:
        ModelError: Damaged, an archive bomb, or an entry that leaves the archive.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError, NotImplementedError, ValueError) as error:
        raise ModelError(
            "A zip archive is whole.", received=f"{path.name}: {error}", hint=DAMAGED
        ) from None
    with archive:
        entries = archive.infolist()
        for entry in entries:
            _check_entry_name(path, entry.filename)
        _refuse_bomb(path, sum(e.file_size for e in entries), sum(e.compress_size for e in entries))
        yield archive


def _check_entry_name(path: Path, name: str) -> None:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in (parts.parts or ("",))[0]:
        raise ModelError(
            "Every entry of a model archive lies inside the archive.",
            received=f"{path.name} holds {name!r}",
            hint="this archive would write outside its folder; get the model elsewhere.",
        )


def read_entry(path: Path, archive: zipfile.ZipFile, name: str) -> bytes:
    """One entry, unpacked, at most as long as the archive's directory says.

    Raises:
        ModelError: No such entry, or its bytes are damaged.
    """
    try:
        return archive.read(name)
    except KeyError:
        raise ModelError(
            f"A .keras archive holds {name}.",
            received=f"{path.name} holds {', '.join(archive.namelist()[:6]) or 'nothing'}",
            hint="save the model again with model.save('NAME.keras').",
        ) from None
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise ModelError(
            "A zip archive is whole.", received=f"{path.name}, {name}: {error}", hint=DAMAGED
        ) from None


def read_json(path: Path, content: bytes | str, what: str) -> dict[str, Any]:
    """A JSON object of the file `path`.

    Raises:
        ModelError: Not JSON, or not an object.
    """
    try:
        payload = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ModelError(
            f"{what} is JSON.", received=f"{path.name}: {error}", hint=DAMAGED
        ) from None
    if not isinstance(payload, dict):
        raise ModelError(
            f"{what} is a JSON object.",
            received=f"{path.name}: {str(payload)[:60]}",
            hint=DAMAGED,
        )
    return payload


@contextmanager
def open_hdf5(path: Path, file: IO[bytes] | None = None) -> Iterator[Any]:
    """An HDF5 file as `h5py.File`; `file` when it lies inside an archive.

    Raises:
        ModelError: Damaged, or h5py is not installed.
    """
    try:
        import h5py
    except ImportError:
        raise ModelError(
            "HDF5 files are read with h5py.",
            received="h5py is not installed",
            hint="pip install 'edgekit-tflite[convert]'",
        ) from None
    try:
        opened = h5py.File(path if file is None else file, "r")
    except (OSError, ValueError, RuntimeError) as error:
        raise ModelError(
            "An HDF5 file is whole.", received=f"{path.name}: {error}", hint=DAMAGED
        ) from None
    with opened:
        yield opened


def text_attribute(group: Any, name: str) -> str | None:
    """An attribute of an HDF5 group as text, or None where it is absent."""
    value = group.attrs.get(name)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value and str(value)


def count_weights(path: Path, file: Any, stored_bytes: int) -> int:
    """How many numbers an HDF5 file's datasets hold, after checking each of them.

    Raises:
        ModelError: A dataset that declares far more than is stored, or a link that leaves
            the file.
    """
    import h5py

    elements = unpacked = 0
    pending = [file]
    seen: set[Any] = set()
    while pending:
        group = pending.pop()
        for name in group:
            link = group.get(name, getlink=True)
            if isinstance(link, h5py.ExternalLink):
                _refuse_link(path, f"{name} -> {link.filename}")
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


def _refuse_link(path: Path, what: str) -> None:
    raise ModelError(
        "A model's weights lie in its own file.",
        received=f"{path.name} links to {what}",
        hint="this file would read other files; get the model from a source you trust.",
    )
