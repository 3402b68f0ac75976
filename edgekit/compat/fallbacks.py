"""Which ways round were taken in this process because a fast or exact one failed.

A way round gives the same result more slowly, or says less; nobody at the keyboard has to know.
Whoever raises the pinned releases has to: `tests/compat` asserts that none is taken.
"""

from __future__ import annotations

_taken: dict[str, str] = {}


def note(what: str, why: BaseException | str) -> None:
    """Note that the way round of `what` is taken.

    Args:
        what: The function of `compat`, or what it does.
        why: The error that stood in the way, or a sentence.
    """
    _taken[what] = why if isinstance(why, str) else f"{type(why).__name__}: {why}"


def taken() -> dict[str, str]:
    """What was noted in this process: the way round, and the last reason to take it."""
    return dict(_taken)


def clear() -> None:
    """Forget what was noted."""
    _taken.clear()
