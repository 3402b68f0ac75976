"""The bootstrap with bias correction and acceleration, BCa.

Efron 1987, "Better bootstrap confidence intervals", JASA 82:171. A quantity is computed on draws
of its samples; of these draws BCa says which share lies below a bound. `bootstrap.Bootstrapped`
judges by it, and `edgekit.measure.intervals` shows intervals.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

Statistic = Callable[[np.ndarray], np.ndarray]
"""Rows of sample indices `(r, m)` -> the quantity on each row `(r,)`."""

RESAMPLES = 4000
AT_ONCE = 1 << 21
"""Indices that are drawn at a time."""

NORMAL = NormalDist()
_EDGE = 1e-3


@dataclass(frozen=True, slots=True)
class Bca:
    """How the draws' quantiles are shifted.

    Attributes:
        bias: z0, the normal quantile of the share of draws below the estimate.
        acceleration: a, from the skewness of what each sample adds.
    """

    bias: float = 0.0
    acceleration: float = 0.0

    @classmethod
    def of(cls, draws: np.ndarray, value: float, left: np.ndarray) -> Bca:
        """From draws of a quantity.

        Args:
            draws: `(resamples,)`. Those that equal the value count half: with few distinct
                values many do.
            value: The quantity on all samples.
            left: The quantity without each sample, or without each group of samples. Of a mean
                the samples' values with their sign turned do as well.
        """
        below = float(np.mean(draws < value) + np.mean(draws == value) / 2)
        smallest = 1 / len(draws)
        deviations = left.mean() - left
        squares = float(np.sum(deviations**2))
        return cls(
            NORMAL.inv_cdf(min(max(below, smallest), 1 - smallest)),
            float(np.sum(deviations**3)) / (6 * squares**1.5) if squares > 0 else 0.0,
        )

    def share(self, z: float) -> float:
        """The share of draws below the bound that a normal quantile `z` stands for."""
        shifted = self.bias + z
        return NORMAL.cdf(self.bias + shifted / max(1 - self.acceleration * shifted, _EDGE))

    def quantile(self, share: float) -> float:
        """The normal quantile of which `share` is the share of draws: the inverse."""
        z = NORMAL.inv_cdf(share) - self.bias
        scale = 1 + self.acceleration * z
        return (z / scale if scale > 0 else float(np.copysign(np.inf, z))) - self.bias


def draws(
    statistic: Statistic,
    groups: Sequence[np.ndarray],
    resamples: int,
    rng: np.random.Generator,
) -> np.ndarray:
    """A statistic of samples drawn anew, `(resamples,)`.

    Args:
        statistic: Of rows of indices.
        groups: Indices of all samples, by the groups within which they are drawn.
        resamples: How often.
        rng: Draws them.
    """
    batch = max(1, AT_ONCE // sum(len(group) for group in groups))
    batches = []
    for start in range(0, resamples, batch):
        count = min(batch, resamples - start)
        rows = [group[rng.integers(0, len(group), (count, len(group)))] for group in groups]
        batches.append(statistic(np.concatenate(rows, axis=1)))
    return np.concatenate(batches)
