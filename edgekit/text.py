"""Text that others wrote, made safe to print in a terminal or a CI log."""

from __future__ import annotations


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
