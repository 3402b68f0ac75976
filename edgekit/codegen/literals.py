"""Strings and floats as literals of a language's source."""

from __future__ import annotations

import math

import numpy as np

from edgekit.codegen.identifiers import Language

_SHORT = {"\n": "\\n", "\r": "\\r", "\t": "\\t", '"': '\\"', "\\": "\\\\"}
_FLOATS: dict[Language, tuple[str, str, str]] = {
    "kotlin": ("Float.POSITIVE_INFINITY", "Float.NEGATIVE_INFINITY", "Float.NaN"),
    "swift": ("Float.infinity", "-Float.infinity", "Float.nan"),
    "c": ("INFINITY", "(-INFINITY)", "NAN"),
    "python": ('float("inf")', 'float("-inf")', 'float("nan")'),
}


def string(text: str, language: Language) -> str:
    r"""A string literal in double quotes, on one line.

    Printable characters of any alphabet stay as they are in UTF-8 source, except in C, whose
    compilers differ in what they take source to be: its literals are ASCII, and hold UTF-8.
    Half a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD in C and Swift.

    >>> print(string('say "$5"', "kotlin"), string("é\0", "swift"), string("é??/", "c"))
    "say \"\$5\"" "é\u{0}" "\303\251\?\?/"
    """
    if language == "c":
        # Octal, since three digits end it: hexadecimal escapes take all the digits that follow.
        # `\?`, since C99 has trigraphs.
        return '"' + "".join(_byte(b) for b in utf8(text)) + '"'
    return '"' + "".join(_character(c, language) for c in text) + '"'


def utf8(text: str) -> bytes:
    r"""Text in UTF-8, with U+FFFD for half a surrogate pair, which UTF-8 cannot hold.

    >>> utf8("a\ud800").decode() == "a\ufffd"
    True
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def number(value: float, language: Language) -> str:
    """A literal of a 32-bit float that reads back as exactly `float32(value)`.

    In Python, which has 64-bit floats only, that is the shortest number that rounds to it. C
    needs `math.h` for an infinity.

    >>> number(0.1, "kotlin"), number(1e-20, "swift"), number(-127.5, "c"), number(3, "python")
    ('0.1f', '1e-20', '-127.5f', '3.0')
    """
    with np.errstate(over="ignore"):
        single = np.float32(value)
    if not np.isfinite(single):
        positive, negative, neither = _FLOATS[language]
        return neither if np.isnan(single) else positive if single > 0 else negative
    text = str(single)
    # NumPy 1 and 2 alike print the shortest digits; a point or an exponent is always there.
    assert np.float32(text) == single and math.isfinite(float(text))
    return text + ("f" if language in ("kotlin", "c") else "")


def _byte(value: int) -> str:
    character = chr(value)
    if character in _SHORT:
        return _SHORT[character]
    if character == "?":
        return "\\?"
    return character if 32 <= value < 127 else f"\\{value:03o}"


def _character(character: str, language: Language) -> str:
    if character in _SHORT:
        return _SHORT[character]
    if character == "$" and language == "kotlin":
        return "\\$"
    if character.isprintable():
        return character
    code = ord(character)
    if language == "swift":
        return "\\u{fffd}" if 0xD800 <= code < 0xE000 else f"\\u{{{code:x}}}"
    if code < 0x10000:
        return f"\\u{code:04x}"
    if language == "python":
        return f"\\U{code:08x}"
    high, low = divmod(code - 0x10000, 0x400)  # Kotlin's escapes are UTF-16 units
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
