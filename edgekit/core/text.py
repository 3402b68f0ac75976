"""Text that others wrote, made safe to print in a terminal or a CI log."""

from __future__ import annotations

import re

# What CI systems take for a command: GitHub a line that begins with `::`, whatever blanks are
# before it; GitHub, Azure and TeamCity `##[`, `##vso[` and `##teamcity[` anywhere.
_COMMAND = re.compile(r"^(?P<blanks>\s*):(?=:)|#(?=#\w*\[)", flags=re.MULTILINE)


def printable(text: str) -> str:
    r"""`text` on one line, with every character that is not printable as its escape.

    Names and messages of files may hold what moves a terminal's cursor, rings its bell, turns the
    direction of writing, or begins a line that a CI system takes for a command (`::error::`).

    >>> printable("conv" + chr(27) + "[31m" + chr(10) + "::error::" + chr(0x202e))
    'conv\\x1b[31m\\n::error::\\u202e'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    r"""Lines that edgekit breaks itself: each `printable`, and none a command to a CI system.

    >>> printable_lines("Error: bad" + chr(27) + chr(10) + " ::error::x")
    'Error: bad\\x1b\n \\x3a:error::x'
    """
    return without_commands("\n".join(map(printable, text.split("\n"))))


def without_commands(text: str) -> str:
    r"""`text`, in which no CI system finds a command: its first character becomes an escape.

    >>> without_commands("::add-mask::x"), without_commands("a ##[group]b"), without_commands("a::")
    ('\\x3a:add-mask::x', 'a \\x23#[group]b', 'a::')
    """
    return _COMMAND.sub(lambda m: f"{m['blanks'] or ''}\\x{ord(m[0][-1]):02x}", text)
