"""Numbers as people read them, in verdicts and tables."""

from __future__ import annotations

import math
import re

_DECIMALS = {"B": 0, "bytes": 0, "ms": 3, "x": 3, "dB": 1}
_BYTES = ("B", "bytes")
_UNITS = {"B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "KiB": 2**10, "MiB": 2**20}


def number_text(value: float, unit: str = "") -> str:
    """A number as precise as a limit needs it, with its unit.

    Bytes are never rounded: a file may be one byte too large.

    >>> number_text(318144, "bytes"), number_text(0.97222), number_text(1.25, "ms")
    ('318,144 B', '0.9722', '1.250 ms')
    """
    return digits(value, unit) + (suffix(unit) if math.isfinite(value) else "")


def bytes_text(value: float) -> str:
    """A size as people read it: 1 kB is 1,000 bytes.

    >>> bytes_text(318144)
    '318.1 kB'
    """
    for unit in ("B", "kB", "MB"):
        if value < 1000:
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:.1f} GB"


def parse_bytes(text: str) -> int:
    """Whole bytes of a size as people write it: a number, or one with a unit.

    >>> parse_bytes("400kB"), parse_bytes("1.5 MB"), parse_bytes("64KiB"), parse_bytes("318144")
    (400000, 1500000, 65536, 318144)

    Args:
        text: The unit is B, kB or KB (1,000), MB (1,000,000), KiB (1,024) or MiB (1,048,576).

    Raises:
        ValueError: It is no such size, or less than one byte.
    """
    found = re.fullmatch(r"\s*(\d{1,15}(?:\.\d+)?)\s*([A-Za-z]*)\s*", text, re.ASCII)
    factor = None if found is None else _UNITS.get(found[2] or "B")
    size = int(float(found[1]) * factor) if found is not None and factor is not None else 0
    if size < 1:
        raise ValueError(f"{text!r} is not a size in bytes, such as 400000, 400kB or 390KiB.")
    return size


def limit_text(value: float, unit: str = "") -> str:
    """A limit as somebody wrote it.

    >>> limit_text(0.01), limit_text(5.0, "ms"), limit_text(1e5, "B")
    ('0.01', '5 ms', '100,000 B')
    """
    if unit in _BYTES or not math.isfinite(value):
        return number_text(value, unit)
    return f"{value:.10g}{suffix(unit)}"


def change_text(old: float | None, new: float | None, unit: str = "") -> str:
    """A value then and now; empty where one of them is not known.

    >>> change_text(0.9722, 0.9583), change_text(120_000.0, None, "B")
    ('0.9722 -> 0.9583', '')
    """
    if old is None or new is None:
        return ""
    return f"{number_text(old, unit)} -> {number_text(new, unit)}"


def digits(value: float, unit: str = "") -> str:
    """`number_text` without its unit, for pairs of numbers."""
    if not math.isfinite(value):
        return str(value)
    if unit in _DECIMALS:
        return f"{value:,.{_DECIMALS[unit]}f}"
    if abs(value) >= 1000:
        return f"{value:,.1f}"
    return f"{value:.2g}" if 0 < abs(value) < 0.001 else f"{value:.4f}"


def suffix(unit: str) -> str:
    """What a unit adds behind a number."""
    if unit in _BYTES:
        return " B"
    return unit if unit == "x" or not unit else f" {unit}"
