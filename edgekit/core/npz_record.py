"""Arrays in an `.npz`, with a record beside them where there is more to say.

A file is the same, byte for byte, for the same arrays: entries have a fixed date, and arrays one
byte order. A record is one more entry of it, a string of JSON, read and written by `serde`. What
strangers send is read by `edgekit.data.npz`, which believes no header.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np

from edgekit.core import serde

Record = TypeVar("Record")

ENTRY = "about"
# A zip entry's oldest date.
_NO_DATE = (1980, 1, 1, 0, 0, 0)


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


def write_record(
    path: Path, record: object, arrays: Mapping[str, np.ndarray], *, entry: str = ENTRY
) -> None:
    """Write a record and its arrays, whole or not at all.

    Args:
        path: The file; its folder is made where absent.
        record: A frozen dataclass that `serde` can write.
        arrays: By name.
        entry: The record's own name among them.

    Raises:
        OutputError: No room, or no right to write there.
    """
    text = np.array(json.dumps(serde.to_dict(record)))
    with serde.atomic_path(path) as temporary:
        write(temporary, {**arrays, entry: text}, compress=False)


def read_record(
    kind: type[Record], path: Path, *, entry: str = ENTRY
) -> tuple[Record, dict[str, np.ndarray]]:
    """What `write_record` wrote, or an earlier edgekit did with `numpy.savez`.

    Raises:
        ProjectError: The record is not one of this kind.
        Exception: Whatever NumPy and zipfile raise for a file that is damaged or missing.
    """
    # A damaged file makes np.load leave what it opened itself open.
    with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
        arrays = dict(stored.items())
    return serde.from_dict(kind, json.loads(str(arrays.pop(entry))), entry), arrays
