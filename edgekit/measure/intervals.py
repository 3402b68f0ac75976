"""95 % confidence intervals: Wilson's for a proportion, the bootstrap for all else.

In NumPy and the standard library: `scipy.stats` takes most of a second to import.
"""

from __future__ import annotations

import math

import numpy as np

from edgekit.verdicts import bca, recompute
from edgekit.verdicts.bca import NORMAL, RESAMPLES, Bca

Z = NORMAL.inv_cdf(0.975)
# From here on the mean of samples is normal to any digit that is shown, and thousands of
# resamples would take seconds.
_MANY = 20_000


def wilson(successes: float, trials: int) -> tuple[float, float]:
    """Wilson's score interval of a proportion (Wilson 1927, JASA 22:209).

    Unlike the textbook's it stays inside 0 to 1 and holds its coverage for few samples
    and for proportions near 0 and 1.

    Args:
        successes: 0 to `trials`.
        trials: At least 1.
    """
    p, n = successes / trials, float(trials)
    centre = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(p * (1 - p) / n + Z * Z / (4 * n * n))
    # At the ends the two terms are equal, but for rounding.
    low = 0.0 if successes == 0 else max(0.0, centre - half)
    high = 1.0 if successes == trials else min(1.0, centre + half)
    return low, high


def mean_interval(values: np.ndarray, seed: int = 0) -> tuple[float, float] | None:
    """Interval of the mean by the bias-corrected, accelerated bootstrap, BCa.

    See `edgekit.verdicts.bca`. The acceleration of a mean has a closed form, the skewness over
    `6 * sqrt(n)`, so no jackknife runs. An interval of a monotone function of the mean (a root) is
    that function of its ends.

    Args:
        values: Per-sample values `(n,)`, finite.
        seed: Of the resampling: the same values give the same interval.

    Returns:
        Low and high, or None for fewer than 2 values.
    """
    values = np.asarray(values, dtype=np.float64)
    n = len(values)
    if n < 2:
        return None
    mean = float(values.mean())
    deviations = values - mean
    spread = float(np.sqrt(np.mean(deviations**2)))
    if spread <= 1e-12 * max(abs(mean), 1e-300):
        return mean, mean
    if n >= _MANY:
        half = Z * spread / math.sqrt(n)
        return mean - half, mean + half
    means = bca.draws(
        lambda rows: values[rows].mean(axis=1),
        [np.arange(n)],
        RESAMPLES,
        np.random.default_rng(seed),
    )
    shift = Bca.of(means, mean, -values)
    low, high = np.quantile(means, [shift.share(-Z), shift.share(Z)])
    return float(low), float(high)


def statistic_interval(
    statistic: str, parts: np.ndarray, *, seed: int = 0
) -> tuple[float, float] | None:
    """The percentile bootstrap's interval of a metric that is computed again for each draw.

    Args:
        statistic: Of `recompute`.
        parts: Its rows `(columns, n)`.
        seed: Of the resampling.

    Returns:
        Low and high, or None for fewer than 2 samples in a group that they are drawn within.
    """
    n = parts.shape[1]
    group = recompute.strata(statistic, parts)
    groups = [np.arange(n)] if group is None else [np.flatnonzero(group == g) for g in set(group)]
    if min(len(rows) for rows in groups) < 2:
        return None
    drawn = bca.draws(
        lambda rows: recompute.compute(statistic, parts, rows),
        groups,
        RESAMPLES,
        np.random.default_rng(seed),
    )
    low, high = np.quantile(drawn, [0.025, 0.975])
    return float(low), float(high)
