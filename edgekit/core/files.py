"""Files of others: regular ones only, of a size that is looked at before they are read.

A pipe or a device in place of a file would be read for ever; here it is refused.
"""

from __future__ import annotations

import stat
from pathlib import Path

from edgekit.core.errors import EdgekitError, reading

MOST_TEXT_BYTES = 64 * 2**20
"""Of a text file: a vocabulary of a million words takes 10 MB."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def size(
    path: Path,
    what: str,
    *,
    kind: type[EdgekitError],
    most_bytes: int | None = None,
    hint: str | None = None,
) -> int:
    """Bytes of a regular file.

    Args:
        path: The file; a link counts as what it leads to.
        what: What errors call it, as `project file`.
        kind: The error that is raised.
        most_bytes: A larger file is refused.
        hint: The next step where there is none of that name.

    Raises:
        EdgekitError: Of class `kind`: there is none, or it is no regular file, or too large.
    """
    with reading(path, f"The {what} could not be read.", kind=kind, hint=hint):
        try:
            status = path.stat()
        except FileNotFoundError:
            raise kind(f"The {what} was not found.", received=str(path), hint=hint) from None
    if not stat.S_ISREG(status.st_mode):
        it = next((name for test, name in _KINDS if test(status.st_mode)), "something else")
        raise kind(
            f"The {what} is not a regular file.",
            received=f"{path}: {it}",
            hint="give the file itself.",
        )
    if most_bytes is not None and status.st_size > most_bytes:
        raise kind(
            f"The {what} is larger than {most_bytes:,} bytes.",
            received=f"{path}: {status.st_size:,} bytes",
            hint="is it the right file?",
        )
    return status.st_size


def read_text(
    path: Path,
    what: str,
    *,
    kind: type[EdgekitError],
    most_bytes: int = MOST_TEXT_BYTES,
    hint: str | None = None,
) -> str:
    """A whole text file in UTF-8, without the byte order mark that some editors write.

    Raises:
        EdgekitError: Of class `kind`, as `size` does; or the file is not UTF-8.
    """
    size(path, what, kind=kind, most_bytes=most_bytes, hint=hint)
    with reading(path, f"The {what} could not be read.", kind=kind, hint=hint):
        content = path.read_bytes()
    with reading(
        path, f"The {what} is not text in UTF-8.", kind=kind, hint="save it again, as UTF-8."
    ):
        return content.decode("utf-8-sig")
