"""The binomial distribution's tail, without scipy: that takes most of a second to import."""

from __future__ import annotations

import math

_TINY = 1e-300
_ENOUGH = 1e-15
_TERMS = 100_000  # about the root of the number of trials are used


def at_most(successes: int, trials: int, share: float) -> float:
    """How probable it is that at most `successes` of `trials` succeed.

    The regularized incomplete beta function, `I(1 - share; trials - successes, successes + 1)`,
    by its continued fraction (DLMF 8.17.22, evaluated by Lentz's method).

    Args:
        successes: Any whole number; below 0 is impossible, from `trials` on certain.
        trials: At least 0.
        share: Of trials that succeed, 0 to 1; beyond, it counts as 0 or 1.
    """
    if successes < 0:
        return 0.0
    if successes >= trials or share <= 0:
        return 1.0
    if share >= 1:
        return 0.0
    return _incomplete_beta(1 - share, share, trials - successes, successes + 1)


def _incomplete_beta(x: float, rest: float, a: float, b: float) -> float:
    """`I(x; a, b)`; `rest` is 1 - x, given so that no digits of a small one are lost."""
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side
        return 1 - _incomplete_beta(rest, x, b, a)
    powers = a * _logarithm(x, rest) + b * _logarithm(rest, x)
    front = math.exp(math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + powers)
    return min(1.0, front * _fraction(x, a, b) / a)


def _logarithm(x: float, rest: float) -> float:
    return math.log(x) if x < 0.5 else math.log1p(-rest)


def _fraction(x: float, a: float, b: float) -> float:
    c, d = 1.0, 1 / _away(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _TERMS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        before = value
        for numerator in (even, odd):
            d = 1 / _away(1 + numerator * d)
            c = _away(1 + numerator / c)
            value *= c * d
        if abs(value - before) <= _ENOUGH * abs(value):
            break
    return value


def _away(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
