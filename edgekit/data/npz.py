"""`.npz` files: those of strangers are read without unpickling, ours are equal byte for byte."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.lib.npyio import NpzFile

from edgekit.errors import DataError

# A zip entry's oldest date. A fixed one makes equal arrays equal files, byte for byte.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


def names(path: Path) -> tuple[str, ...]:
    """Names of the arrays of a file; none of them is read.

    Raises:
        DataError: No such file, or not an `.npz`.
    """
    with _open(path) as archive:
        return tuple(archive.files)


def read(path: Path, wanted: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Arrays of a file: all, or the wanted ones (a large file may hold much else).

    Raises:
        DataError: No such file, damaged, or an array holds Python objects.
    """
    with _open(path) as archive:
        found = {}
        for name in archive.files if wanted is None else wanted:
            try:
                found[name] = np.asarray(archive[name])
            except ValueError as error:
                if "pickle" not in str(error):
                    raise
                raise DataError(
                    f"Arrays of {path.name} hold numbers or strings; Python objects could run "
                    "code when they are read.",
                    received=f"{name!r} has dtype object (ragged rows?)",
                    hint="give every row the same shape, or save label names as np.array(names).",
                ) from None
        return found


def write(path: Path, arrays: Mapping[str, np.ndarray], *, compress: bool = True) -> None:
    """Write arrays by name: the same file, byte for byte, for the same arrays.

    Without `compress` it is larger and many times faster to write.
    """
    with zipfile.ZipFile(path, "w") as archive:
        for name, array in arrays.items():
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=_NO_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
            with archive.open(entry, "w", force_zip64=True) as file:
                np.lib.format.write_array(file, little_endian(array), allow_pickle=False)


def little_endian(array: np.ndarray) -> np.ndarray:
    """Contiguous, and of one byte order, so that hash and file are the same everywhere."""
    return np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).reshape(array.shape)


@contextmanager
def _open(path: Path) -> Iterator[NpzFile]:
    """The opened file; whatever a damaged archive raises, here or later, is a DataError."""
    try:
        # Opened here: numpy leaves a file that it cannot read open.
        with path.open("rb") as file:
            archive = np.load(file, allow_pickle=False)
            if not isinstance(archive, NpzFile):
                raise ValueError("one bare array, without a name")
            with archive:
                yield archive
    except FileNotFoundError:
        raise DataError("The data file exists.", received=str(path)) from None
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error, KeyError) as error:
        raise DataError(
            f"{path} is an .npz file.",
            received=" ".join(str(error).split())[:200] or type(error).__name__,
            hint="write it with numpy.savez_compressed(path, x=inputs, y=labels).",
        ) from None
