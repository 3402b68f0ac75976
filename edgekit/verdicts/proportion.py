"""The share of samples that are right, by the binomial distribution.

Exact bounds (Clopper and Pearson 1934, Biometrika 26:404): whatever the true share, each is on
the wrong side of it in at most 5 % of cases.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Literal

import numpy as np

from edgekit.core.errors import DataError
from edgekit.verdicts.binomial import at_most
from edgekit.verdicts.evidence import ENDLESS, LEVEL, POWER

_NORMAL = NormalDist()
_Z = _NORMAL.inv_cdf(LEVEL)
_Z_POWER = _NORMAL.inv_cdf(POWER)
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Proportion:
    """A share of samples, or what it lacks of all.

    Attributes:
        successes: Samples that are right, or agree.
        n: All samples.
        loss: Whether the quantity is 1 - share.
    """

    successes: int
    n: int
    loss: bool = False

    def __post_init__(self) -> None:
        if self.n < 1 or not 0 <= self.successes <= self.n:
            raise DataError(
                "Samples that are right must be some of all samples, of which there must be at "
                "least one.",
                received=f"{self.successes} of {self.n}",
            )

    @classmethod
    def of(cls, values: np.ndarray, *, loss: bool = False) -> Proportion:
        """From 1 and 0 by sample, `(n,)`.

        Raises:
            DataError: There is no sample, or a value is neither 0 nor 1.
        """
        if values.ndim != 1 or not len(values) or not np.isin(values, (0, 1)).all():
            raise DataError(
                "A share needs samples of which each is right, 1, or wrong, 0.",
                received=f"an array of shape {values.shape}, dtype {values.dtype}",
            )
        return cls(int(values.sum()), len(values), loss)

    @property
    def counted(self) -> Literal["samples"]:
        """Samples."""
        return "samples"

    @property
    def value(self) -> float:
        """The share in these samples, or its loss."""
        return self._seen / self.n

    @property
    def low(self) -> float:
        """One-sided 95 % lower bound."""
        return 1.0 - highest(self.n - self._seen, self.n)

    @property
    def high(self) -> float:
        """One-sided 95 % upper bound."""
        return highest(self._seen, self.n)

    def p_below(self, limit: float) -> float:
        """Of as few as these, were the quantity at least `limit`."""
        return 0.0 if limit > 1 else at_most(self._seen, self.n, limit)

    def p_above(self, limit: float) -> float:
        """Of as many as these, were the quantity at most `limit`."""
        return 0.0 if limit < 0 else at_most(self.n - self._seen, self.n, 1 - limit)

    def needed(self, limit: float) -> int | None:
        """About how many samples would decide, four times in five, were the estimate the truth.

        Returns:
            More than `n`; None where no number decides: the estimate is the limit, or what the
            limit asks for cannot be.
        """
        truth, bound = self.value, limit
        if truth > bound:
            truth, bound = 1 - truth, 1 - bound
        distance = bound - truth
        if distance <= 0 or bound >= 1:
            return None if distance <= 0 or bound > 1 else self.n + 1
        # Fleiss, Levin and Paik 2003, section 2.4: the normal approximation and its correction.
        scale = _Z * math.sqrt(bound * (1 - bound)) + _Z_POWER * math.sqrt(truth * (1 - truth))
        root = (scale + math.sqrt(scale * scale + 2 * distance)) / (2 * distance)
        none_seen = math.log(1 - LEVEL) / math.log1p(-bound)
        wanted = max(root * root, none_seen)
        return max(self.n + 1, math.ceil(wanted)) if wanted < ENDLESS else None

    @property
    def _seen(self) -> int:
        return self.n - self.successes if self.loss else self.successes


@lru_cache(maxsize=4096)
def highest(seen: int, n: int) -> float:
    """One-sided 95 % upper bound of a share of `n` samples of which `seen` have been seen."""
    low, high = seen / n, 1.0
    if seen == n:
        return high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if at_most(seen, n, middle) > 1 - LEVEL:
            low = middle
        else:
            high = middle
    return high
