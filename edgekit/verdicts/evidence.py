"""What is known of one quantity: an estimate, bounds, and how surprising a limit would be.

Every kind of evidence answers the same questions (its bounds, how probable it would be if the limit
were passed or not reached, how many samples would decide), so that the judge needs to know none of
them, and no metric:

| evidence | of | by |
|---|---|---|
| `Exactly` | what has no chance in it: bytes, operators | itself |
| `paired.Paired` | right or wrong, sample by sample, twice | Tango's score test, corrected |
| `proportion.Proportion` | right or wrong, sample by sample | the binomial distribution |
| `bootstrap.Bootstrapped` | any other metric of samples | BCa bootstrap |
| `ratio.Ratio` | times, process by process | Student's t of logarithms |
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, Protocol

LEVEL = 0.95
"""Of each one-sided bound, and so of each verdict."""

POWER = 0.8
"""How probable it shall be that the samples which are said to be needed decide."""

ENDLESS = 10**9
"""Nobody has that many samples: no number would decide."""


class Evidence(Protocol):
    """What samples say of one quantity."""

    @property
    def value(self) -> float:
        """The estimate."""
        ...

    @property
    def low(self) -> float:
        """One-sided 95 % lower bound."""
        ...

    @property
    def high(self) -> float:
        """One-sided 95 % upper bound."""
        ...

    @property
    def n(self) -> int:
        """How many samples or processes it rests on; 0 where chance has no part."""
        ...

    @property
    def counted(self) -> Literal["samples", "processes", ""]:
        """What `n` counts."""
        ...

    def p_above(self, limit: float) -> float:
        """How probable such evidence for more than `limit` would be, were it at most that."""
        ...

    def p_below(self, limit: float) -> float:
        """How probable such evidence for less than `limit` would be, were it at least that."""
        ...

    def needed(self, limit: float) -> int | None:
        """About how many samples or processes would decide; None where no number helps."""
        ...


@dataclass(frozen=True, slots=True)
class Exactly:
    """A quantity without chance."""

    value: float
    n: int = 0
    counted: Literal["samples", "processes", ""] = ""

    @property
    def low(self) -> float:
        """The value."""
        return self.value

    @property
    def high(self) -> float:
        """The value."""
        return self.value

    def p_above(self, limit: float) -> float:
        """0 where it is above the limit, else 1."""
        return 0.0 if self.value > limit and not is_same(self.value, limit) else 1.0

    def p_below(self, limit: float) -> float:
        """0 where it is not above the limit, else 1."""
        return 1.0 - self.p_above(limit)

    def needed(self, limit: float) -> int | None:
        """None: it is decided."""
        del limit
        return None


def is_same(value: float, limit: float) -> bool:
    """Equal but for the last digits: 1.05 * 100 bytes are 105."""
    return math.isclose(value, limit, rel_tol=1e-9, abs_tol=1e-12)
