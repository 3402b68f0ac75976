"""Hold a flatbuffer's counts against its size, before anything of it becomes an object.

Offsets of a flatbuffer may point many times to one place: a vector of 5,000 operators that are
one operator of 5,000 inputs takes 40 kB, and unpacks to 25 million numbers. C++ has
`flatbuffers::Verifier` against that; Python has none. This one walks what unpacking would walk,
with every shared part counted as often as it is reached, and stops where an honest file is long
over. The schema has no recursion, so a walk by its types cannot go in circles.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

_U16, _U32, _I32, _U64 = (struct.Struct(f"<{code}").unpack_from for code in "HIiQ")


class Damaged(Exception):
    """The buffer is no whole flatbuffer of its schema, or unpacks to far more than it holds."""


@dataclass(frozen=True, slots=True)
class Union:
    """A table whose kind is told by the number in the slot before: number to name of table."""

    members: Mapping[int, str]


@dataclass(frozen=True, slots=True)
class Outside:
    """Bytes elsewhere in the file: an offset from its start, and in the next slot a size."""


Kind = int | str | tuple[str] | Union | Outside
"""What a slot of a table refers to: a vector of scalars of so many bytes each (a string is one of
1), a table, a vector of tables, one table of several kinds, bytes elsewhere."""

Schema = Mapping[str, Mapping[int, Kind]]
"""Tables by name; of each, the slots that refer to something."""

# Files that exist unpack to no more than their bytes. Where equal vectors and names are stored
# once, to 1.2 times; a file of depthwise layers whose zero points are one vector, to twice.
_MOST_UNFOLDED = 8
_SMALL_BYTES = 2**20  # costs nothing, and lets a small file share as it likes
# Of all tests' and the corpus' files, with all that is equal stored once, a table takes 25 bytes
# or more with what it refers to; one that many share takes the 4 of each reference.
_LEAST_TABLE_BYTES = 16
_FEW_TABLES = 256
_MOST_TABLES = 1_000_000  # what C++'s verifier allows, and with it LiteRT


def verify(data: bytes, schema: Schema, root: str) -> None:
    """Check a flatbuffer's offsets, and what it unpacks to against its size.

    Every part counts as often as it is reached. Unpacked, the buffer may have eight times its
    bytes (and a mebibyte), which leaves room for files that store equal vectors once, and a
    table for each 16 bytes, a million at most. Both are small in Python too: an object for each
    table, 30 bytes for each number.

    Args:
        data: The whole file.
        schema: What its tables refer to.
        root: The table that it begins with.

    Raises:
        Damaged: With what is wrong.
    """
    walk = _Walk(data, schema)
    try:
        walk.table(root, walk.target(0))
    except (struct.error, IndexError):
        raise Damaged("an offset in it leads out of it") from None


class _Walk:
    def __init__(self, data: bytes, schema: Schema) -> None:
        self._data = data
        self._size = len(data)
        self._schema = schema
        self._bytes_left = _MOST_UNFOLDED * self._size + _SMALL_BYTES
        self._tables_left = min(self._size // _LEAST_TABLE_BYTES + _FEW_TABLES, _MOST_TABLES)

    def target(self, at: int) -> int:
        """Where the offset that is stored `at` leads."""
        there: int = at + _U32(self._data, at)[0]
        return there

    def table(self, kind: str, at: int) -> None:
        """Walk a table and all it refers to."""
        data = self._data
        self._tables_left -= 1
        if self._tables_left < 0:
            raise Damaged(f"it unpacks to more tables than its {self._size} bytes can hold")
        vtable = at - _I32(data, at)[0]
        if vtable < 0:
            raise Damaged("an offset in it leads out of it")
        length, inline = _U16(data, vtable)[0], _U16(data, vtable + 2)[0]
        if at + inline > self._size or vtable + length > self._size:
            raise Damaged("a table leads out of it")
        self._spend(inline)
        for slot, referred in self._schema.get(kind, {}).items():
            if 4 + 2 * slot < length and (place := _U16(data, vtable + 4 + 2 * slot)[0]):
                if isinstance(referred, int):
                    self._vector(at + place, referred)
                elif isinstance(referred, str):
                    self.table(referred, self.target(at + place))
                elif isinstance(referred, tuple):
                    self._tables(at + place, referred[0])
                else:
                    self._other(referred, slot, at, vtable, length)

    def _vector(self, at: int, width: int) -> tuple[int, int]:
        start = self.target(at)
        count: int = _U32(self._data, start)[0]
        if start + 4 + count * width > self._size:
            raise Damaged(f"a vector of {count} entries leads out of it")
        self._spend(4 + count * width)
        return start + 4, count

    def _tables(self, at: int, kind: str) -> None:
        start, count = self._vector(at, 4)
        for entry in range(start, start + 4 * count, 4):
            self.table(kind, self.target(entry))

    def _other(
        self, referred: Union | Outside, slot: int, at: int, vtable: int, length: int
    ) -> None:
        def place(number: int) -> int:
            position = 4 + 2 * number
            offset: int = _U16(self._data, vtable + position)[0] if position < length else 0
            return offset

        if isinstance(referred, Union):
            kind_at = place(slot - 1)
            kind = referred.members.get(self._data[at + kind_at]) if kind_at else None
            if kind is not None:
                self.table(kind, self.target(at + place(slot)))
            return
        start = _U64(self._data, at + place(slot))[0]
        size = _U64(self._data, at + place(slot + 1))[0] if place(slot + 1) else 0
        if start + size > self._size:
            raise Damaged(f"{size} bytes from {start} on lead out of it")
        self._spend(size)

    def _spend(self, size: int) -> None:
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise Damaged(f"it unpacks to far more than its {self._size} bytes can hold")
