"""The smallest part of a ranking for which something holds, in few trials."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")


def smallest(
    ranked: Sequence[T], holds: Callable[[tuple[T, ...]], bool], trials: int
) -> tuple[T, ...] | None:
    """A small part of `ranked` for which `holds` is true, as far as so many trials find one.

    First the whole; where that does not hold, for more may be worse now and then, half of it, a
    quarter and so on. Then the shortest stretch from the start by halving; that finds it where
    more is never worse, and something that holds in any case. Then whatever can be given back
    is given back, from the end: half of it at once, then smaller parts, then one by one.

    Args:
        ranked: The most needed first.
        holds: Is asked for each part once.
        trials: At most so often, but at least once.

    Returns:
        The part, in the order of `ranked`; None where neither the whole nor a part of those
        tried first holds.
    """
    asked: dict[tuple[int, ...], bool] = {}

    def ask(part: Sequence[int]) -> bool:
        key = tuple(part)
        if key not in asked:
            asked[key] = holds(tuple(ranked[i] for i in key))
        return asked[key]

    everything = tuple(range(len(ranked)))
    while not ask(everything):
        if len(everything) <= 1 or len(asked) >= trials:
            return None
        everything = everything[: len(everything) // 2]
    low, high = 0, len(everything)  # `high` holds; fewer than `low` do not, if more is never worse
    while low < high and len(asked) < trials:
        middle = (low + high) // 2
        if ask(everything[:middle]):
            high = middle
        else:
            low = middle + 1
    kept = list(everything[:high])
    size = max(1, len(kept) // 2)
    while kept and len(asked) < trials:
        end = len(kept)
        while end > 0 and len(asked) < trials:
            start = max(0, end - size)
            fewer = kept[:start] + kept[end:]
            if ask(fewer):
                kept = fewer
            end = start
        if size == 1:
            break
        size //= 2
    return tuple(ranked[i] for i in kept)
