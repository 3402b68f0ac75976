"""Student's t distribution with a whole number of degrees of freedom, in plain Python.

`scipy.stats` takes most of a second to import, which is longer than a cached gate may take.
"""

from __future__ import annotations

import math
from statistics import NormalDist

_NORMAL = NormalDist()
# Beyond this many, the expansion around the normal quantile is right to nine digits, and
# the series has as many terms as half the degrees of freedom.
_MANY = 200
_STEPS = 100


def cdf(t: float, freedom: int) -> float:
    """Probability of a value up to `t`.

    By the finite series of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3
    (odd) and 26.7.4 (even). Its absolute error is that of sums of doubles, below 1e-14.

    Args:
        t: Any number, infinities among them.
        freedom: Degrees of freedom, at least 1.
    """
    if math.isinf(t):
        return 1.0 if t > 0 else 0.0
    angle = math.atan2(abs(t), math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2 == 1
    term = cosine if odd else 1.0
    total = 0.0
    for k in range(freedom // 2):
        total += term
        term *= cosine * cosine * ((2 * k + 2) / (2 * k + 3) if odd else (2 * k + 1) / (2 * k + 2))
    between = 2 / math.pi * (angle + sine * total) if odd else sine * total
    half = min(1.0, between) / 2
    return 0.5 + half if t > 0 else 0.5 - half


def quantile(probability: float, freedom: int) -> float:
    """The value that is not exceeded with `probability`: the inverse of `cdf`.

    The expansion of Abramowitz and Stegun 26.7.5; up to 200 degrees of freedom it only
    begins a bisection, which is exact.

    Args:
        probability: Above 0 and below 1.
        freedom: Degrees of freedom, at least 1.
    """
    if probability < 0.5:
        return -quantile(1 - probability, freedom)
    guess = _expansion(probability, freedom)
    if freedom > _MANY:
        return guess
    low, high = 0.0, max(1.0, guess)
    while cdf(high, freedom) < probability and math.isfinite(high):
        low, high = high, 2 * high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if cdf(middle, freedom) < probability:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _expansion(probability: float, freedom: int) -> float:
    x = _NORMAL.inv_cdf(probability)
    terms = (
        (x**3 + x) / 4,
        (5 * x**5 + 16 * x**3 + 3 * x) / 96,
        (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
        (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160,
    )
    return x + sum(term / float(freedom) ** (k + 1) for k, term in enumerate(terms))
