"""Numbers as people read them, in verdicts and tables."""

from __future__ import annotations

import math

_DECIMALS = {"B": 0, "bytes": 0, "ms": 3, "x": 3, "dB": 1}
_BYTES = ("B", "bytes")


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
