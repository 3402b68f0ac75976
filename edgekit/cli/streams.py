"""Standard output and standard error of a command, whatever they lead to."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Lossy(io.RawIOBase):
    """Standard error: what cannot be written is lost, and changes no exit code."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def writable(self) -> bool:
        """It is."""
        return True

    def fileno(self) -> int:
        """The descriptor of the system."""
        return self._descriptor

    def isatty(self) -> bool:
        """Whether somebody looks at it."""
        return os.isatty(self._descriptor)

    def write(self, data: ReadableBuffer) -> int:
        """Write as much as goes."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        with contextlib.suppress(OSError):  # a full disk, a reader that is gone
            while rest:
                rest = rest[os.write(self._descriptor, rest) :]
        return size


def prepare() -> None:
    """Give closed streams a place to go, and print what an old locale cannot as escapes."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))
        reconfigure = getattr(getattr(sys, name), "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")
    if os.name == "posix" and sys.stderr is sys.__stderr__ and sys.stderr is not None:
        raw = _Lossy(sys.stderr.fileno())
        # As Python does for unbuffered streams: text goes straight to the raw stream.
        sys.stderr = io.TextIOWrapper(
            raw,
            encoding=sys.stderr.encoding,
            errors="backslashreplace",
            write_through=True,
        )


def close_output() -> None:
    """Write what standard output still holds.

    Raises:
        OSError: It cannot be written. Nothing is tried again when the process ends.
    """
    try:
        sys.stdout.flush()
    except OSError:
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise
