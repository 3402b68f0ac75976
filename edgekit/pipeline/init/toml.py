"""Spelling of TOML: strings, keys, paths, comments, and lines that are switched off."""

from __future__ import annotations

import json
import os
import re
import textwrap
from collections.abc import Iterable
from pathlib import Path

from edgekit.core.errors import UsageError
from edgekit.core.text import printable

_WIDTH = 92


def string(value: str) -> str:
    r"""A basic string with everything escaped that TOML wants escaped.

    >>> print(string('a "b"\n'))
    "a \"b\"\n"

    Raises:
        UsageError: It is no text, as the name of a file in another encoding.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        raise UsageError(
            "Names in edgekit.toml must be text.",
            received=repr(value),
            hint="rename that file or folder with letters that UTF-8 knows.",
        ) from None
    # JSON escapes as TOML does, but lets DEL stand.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def key(name: str) -> str:
    """A key: bare where it may be, else quoted.

    >>> print(key("image"), key("a.b"))
    image "a.b"
    """
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else string(name)


def array(values: Iterable[str | int]) -> str:
    """An array of strings or whole numbers, on one line.

    >>> print(array(["a", "b"]), array([8, 8]))
    ["a", "b"] [8, 8]
    """
    return f"[{', '.join(string(v) if isinstance(v, str) else str(v) for v in values)}]"


def place(path: Path, folder: Path) -> str:
    """A path as a string, relative to `folder` where there is such a way."""
    try:
        relative = os.path.relpath(path.absolute(), folder)
    except ValueError:  # another drive
        relative = str(path.absolute())
    return string(Path(relative).as_posix())


def comment(text: str) -> list[str]:
    """Text as lines of comment, in which TOML allows no control characters."""
    plain = printable(" ".join(text.split()))
    return [
        f"# {line}"
        for line in textwrap.wrap(plain, _WIDTH, break_long_words=False, break_on_hyphens=False)
    ]


def off(lines: Iterable[str]) -> list[str]:
    """Lines of TOML, each behind a `#`."""
    return [f"# {line}".rstrip() for line in lines]


def joined(*blocks: list[str]) -> list[str]:
    """Blocks of lines with a blank line between them; empty ones are left out."""
    lines: list[str] = []
    for block in filter(None, blocks):
        lines += [*([""] if lines else []), *block]
    return lines


def aside(line: str, remark: str) -> str:
    """A line with a remark behind it.

    >>> aside("num_threads = 1", "of the runtime")
    'num_threads = 1                  # of the runtime'
    """
    return f"{line:<32} # {remark}"
