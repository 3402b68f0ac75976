"""A flatbuffers builder that writes equal vectors and equal strings once.

A static file repeats a vector of zero points and one of scales for each tensor; FlatBuffers lets
any number of tables point to one. Imports flatbuffers: import it where a file is written.
"""

from __future__ import annotations

import hashlib
from typing import Any

import flatbuffers

# Kernels read weights in vectors of up to 16 bytes, straight from the mapped file.
_WEIGHT_ALIGNMENT = 16


class AligningBuilder(flatbuffers.Builder):  # type: ignore[misc]  # flatbuffers has no types
    """Aligns bytes of 16 or more to 16, as the schema's `force_align: 16` says of weights.

    The generated code drops that.
    """

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:
        """Begin a vector."""
        position: int = super().StartVector(
            elemSize, numElems, _aligned(elemSize, numElems, alignment)
        )
        return position


def _aligned(size: int, count: int, alignment: int) -> int:
    return _WEIGHT_ALIGNMENT if size == 1 and count >= _WEIGHT_ALIGNMENT else alignment


class SharingBuilder(AligningBuilder):
    """Writes as its parent, and again nothing that stands in the buffer with the same alignment."""

    def __init__(self, size_bytes: int) -> None:
        super().__init__(size_bytes)
        self._written: dict[tuple[int, int, bytes], int] = {}
        self._start: int | None = None
        self._kind = (0, 0)  # bytes of an element, alignment

    def StartVector(self, elemSize: int, numElems: int, alignment: int) -> int:
        """Begin a vector, and note where."""
        self._start = self.Offset()
        self._kind = elemSize, _aligned(elemSize, numElems, alignment)
        return super().StartVector(elemSize, numElems, alignment)

    def PrependUOffsetTRelative(self, off: int) -> None:
        """Write an offset to what was written before."""
        self._start = None  # offsets count from where they stand: equal bytes are not equal
        super().PrependUOffsetTRelative(off)

    def CreateString(self, s: str | bytes, *args: Any) -> int:
        """Write a string, or return where it stands."""
        content = s if isinstance(s, bytes) else s.encode()
        key = (0, 1, content)
        if key not in self._written:
            self._start = None
            self._written[key] = super().CreateString(content)
        return self._written[key]

    def EndVector(self, *args: Any) -> int:
        """End a vector; take it back where an equal one stands, and return that one's place."""
        size, alignment = self._kind
        num_bytes = (self.vectorNumElems or 0) * size
        position: int = super().EndVector(*args)
        if self._start is None:
            return position
        first = self.Head() + 4  # behind the count
        content = memoryview(self.Bytes)[first : first + num_bytes]
        key = (size, alignment, hashlib.blake2b(content, digest_size=32).digest())
        content.release()  # the buffer may grow
        earlier = self._written.setdefault(key, position)
        if earlier != position:
            self.head = len(self.Bytes) - self._start
        self._start = None
        return earlier
