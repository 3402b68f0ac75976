"""`.npz` files of strangers, read without unpickling (ours are written by `core.npz_record`).

What an array takes is known from its header before any of it is read, and held against a limit:
five megabytes of zeros may unpack to five gigabytes. Headers and sizes may lie, so no more is
unpacked than the header says.
"""

from __future__ import annotations

import io
import math
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Literal

import numpy as np
from numpy.lib import format as npy

from edgekit.core import files
from edgekit.core.errors import DataError, reading
from edgekit.core.records import Limits
from edgekit.data import unpacked_size

_FAULT = "The data file is no whole .npz."
_HINT = "write it with numpy.savez_compressed(path, x=inputs, y=labels)."
_BLOCK_BYTES = 2**20
_SURROGATES = 0xD800 >> 11
_MOST_HEADER_BYTES = 10_000  # NumPy's own limit for headers that nobody vouches for


@dataclass(frozen=True, slots=True)
class _Header:
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    fortran_order: bool

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.dtype.itemsize


def names(path: Path) -> tuple[str, ...]:
    """Names of the arrays of a file; none of them is read.

    Raises:
        DataError: No such file, or not an `.npz`.
    """
    with _open(path) as archive:
        return tuple(_members(archive, path))


def read(
    path: Path,
    wanted: Sequence[str] | None = None,
    *,
    memory_bytes: int = Limits().memory_bytes,
) -> dict[str, np.ndarray]:
    """Arrays of a file: all, or the wanted ones (a large file may hold much else).

    Args:
        path: The file.
        wanted: Names out of `names`.
        memory_bytes: What the process may take; see `unpacked_size.fits`.

    Raises:
        DataError: No such file, damaged, too large for the memory limit, or an array holds
            Python objects or records.
    """
    with _open(path) as archive:
        members = _members(archive, path)
        chosen = {name: members[name] for name in (members if wanted is None else wanted)}
        headers = {}
        for name, member in chosen.items():
            with reading(path, _FAULT, kind=DataError, hint=_HINT), archive.open(member) as file:
                headers[name] = _header(file)
            _check(name, headers[name], path)
        total = sum(header.nbytes for header in headers.values())
        unpacked_size.fits(total, memory_bytes, f"{path} unpacked")
        found = {}
        for name, member in chosen.items():
            with reading(path, _FAULT, kind=DataError, hint=_HINT), archive.open(member) as file:
                found[name] = _array(file, _header(file))
        return found


@contextmanager
def _open(path: Path) -> Iterator[zipfile.ZipFile]:
    files.size(path, "data file", kind=DataError)
    with reading(path, _FAULT, kind=DataError, hint=_HINT):
        opened = path.open("rb")
    with opened as file:
        if file.read(len(npy.MAGIC_PREFIX)) == npy.MAGIC_PREFIX:
            raise DataError(_FAULT, received=f"{path}: one bare array, without a name", hint=_HINT)
        with reading(path, _FAULT, kind=DataError, hint=_HINT):
            archive = zipfile.ZipFile(file)
        with archive:
            yield archive


def _members(archive: zipfile.ZipFile, path: Path) -> dict[str, zipfile.ZipInfo]:
    """The archive's files by the names of their arrays."""
    found = {}
    for member in archive.infolist():
        name = member.filename.removesuffix(".npy")
        if name in found:
            raise DataError(
                "The data file must not hold two arrays of one name.", received=f"{path}: {name!r}"
            )
        found[name] = member
    return found


def _header(file: IO[bytes]) -> _Header:
    start = file.read(npy.MAGIC_LEN)
    version = npy.read_magic(io.BytesIO(start))
    if version not in ((1, 0), (2, 0), (3, 0)):
        raise ValueError(f"an array of NumPy's format {version[0]}.{version[1]}")
    width = 2 if version == (1, 0) else 4
    length = file.read(width)
    size = int.from_bytes(length, "little")
    if size > _MOST_HEADER_BYTES:
        raise ValueError(f"an array's header has {size} bytes")
    rest = io.BytesIO(length + file.read(size))
    parse = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
    shape, fortran_order, dtype = parse(rest, max_header_size=_MOST_HEADER_BYTES)
    return _Header(shape, dtype, fortran_order)


def _check(name: str, header: _Header, path: Path) -> None:
    what = "dtype object (ragged rows?)" if header.dtype.hasobject else f"dtype {header.dtype}"
    if header.dtype.hasobject or header.dtype.names or header.dtype.subdtype:
        raise DataError(
            f"Arrays of {path.name} must hold numbers or strings; Python objects could run code "
            "when they are read.",
            received=f"{name!r} has {what}",
            hint="give every row the same shape, or save label names as np.array(names).",
        )
    if not header.dtype.itemsize or any(not 0 <= size < 2**48 for size in header.shape):
        raise DataError(
            _FAULT, received=f"{path}: {name!r} of {header.dtype}, shape {header.shape}", hint=_HINT
        )


def _array(file: IO[bytes], header: _Header) -> np.ndarray:
    """The array behind a member's header; the member is read to its end, and so its checksum."""
    flat = np.empty(header.nbytes, np.uint8)
    view, at = flat.data, 0
    while at < len(view) and (block := file.read(min(_BLOCK_BYTES, len(view) - at))):
        view[at : at + len(block)] = block
        at += len(block)
    if at < len(view) or file.read(1):
        more = "less" if at < len(view) else "more"
        raise ValueError(f"an array of {header.nbytes} bytes has {more} than that")
    if header.dtype.kind == "U":
        _check_text(flat.view(np.dtype(np.uint32).newbyteorder(header.dtype.byteorder)))
    order: Literal["F", "C"] = "F" if header.fortran_order else "C"
    return np.ndarray(header.shape, header.dtype, flat, order=order)


def _check_text(characters: np.ndarray) -> None:
    """NumPy takes any number for a character, and Python fails when it looks at one."""
    if (characters > sys.maxunicode).any() or ((characters >> 11) == _SURROGATES).any():
        raise ValueError("an array of strings holds what is not a character")
