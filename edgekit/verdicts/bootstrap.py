"""Any metric of samples, by drawing the samples anew: the BCa bootstrap.

Bias-corrected and accelerated (see `bca`), with quantiles of Student's t in place of the normal
ones (Hesterberg 2015, "What teachers should know about the bootstrap", The American Statistician
69:371): the bootstrap alone is too narrow for few samples, and for more of which some carry most of
the loss (an object that is lost in one image of thirty). The degrees of freedom are therefore those
of the spread that samples show, by the kurtosis of what each adds (Satterthwaite 1946, Biometrics
Bulletin 2:110); `benchmarks/gate_metrics.py` shows what that is worth.

Draws repeat samples, and precision along a ranking is steadier over repeated samples than over new
ones: the draws of a mean average precision spread a tenth less than the metric itself does. The
jackknife leaves samples out instead, and its variance is not too small on average (Efron and Stein
1981, The Annals of Statistics 9:586). Where its spread is the larger one, the draws of average
precisions are stretched to it; of others it would be noise (of an equal error rate a quarter too
much), and their draws spread enough.

A p-value is the level of the bound that would end at the limit, in closed form, so that bound and
p-value are two readings of one curve.

Three cases in which drawing anew says too little:

- Below 30 samples, or 5 of a group within which they are drawn, nothing is claimed.
- Where only some samples differ from all others (a loss that is 0 but for a few), the draws know
  nothing of those that were not met. Below 16 of them a bound is at least what the binomial
  distribution allows as their share, times somewhat more than the largest difference seen.
- Where no draw changes the metric, nothing differs as far as is known: the bounds are the value,
  and the p-value that of a limit beyond all draws, never 0.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from edgekit.core.errors import DataError
from edgekit.verdicts import bca
from edgekit.verdicts.bca import AT_ONCE, NORMAL, RESAMPLES, Bca, Statistic
from edgekit.verdicts.binomial import at_most
from edgekit.verdicts.evidence import ENDLESS, LEVEL, POWER
from edgekit.verdicts.proportion import highest

FEWEST = 30
"""Samples below which nothing is claimed."""

FEWEST_IN_GROUP = 5
"""Samples in the smallest group (stratum) below which nothing is claimed."""

_DRAWN = 8_000_000  # indices in all: beyond 2,000 samples fewer draws do, the curve being tame
_FEWEST_RESAMPLES = 1000
_SINGLE = 1000  # samples up to which the jackknife leaves out one at a time
_GROUPS = 400
_RARE = 16
_LITTLE, _FEW = 0.1, 0.1
_LEAST_FREEDOM = 3.0
_TAILS = 2  # samples show less of their kurtosis than there is: the rarest were not met

_Z = NORMAL.inv_cdf(LEVEL)
_Z_POWER = NORMAL.inv_cdf(POWER)


@dataclass(frozen=True, slots=True)
class Rare:
    """The few samples that differ from all others, by what each adds to the quantity.

    Attributes:
        usual: The quantity without them.
        up: How many raise it.
        down: How many lower it.
        most: How much one may change the quantity, times `n`: the largest change seen of k
            samples, times 1 + 2 / k, since the next may be larger.
    """

    usual: float
    up: int
    down: int
    most: float


@dataclass(frozen=True, slots=True)
class Bootstrapped:
    """A quantity and its draws.

    Attributes:
        value: On all samples.
        n: Samples.
        draws: The quantity on each draw, ascending `(resamples,)`.
        bca: Which share of the draws lies below a bound.
        rare: Where few samples differ.
        hope: What the quantity is where all is well, 0 for a loss; None where that is unknown.
        fewest: Samples below which nothing is claimed.
        freedom: Degrees of freedom of the spread, at most n - 1.
        stretch: How many times as far from the value as the draws say, at least 1.
    """

    value: float
    n: int
    draws: np.ndarray = field(repr=False, compare=False)
    bca: Bca = field(default_factory=Bca)
    rare: Rare | None = None
    hope: float | None = None
    fewest: int = FEWEST
    freedom: float = math.inf
    stretch: float = 1.0

    @classmethod
    def of(
        cls,
        statistic: Statistic,
        n: int,
        *,
        strata: np.ndarray | None = None,
        seed: int = 0,
        resamples: int = RESAMPLES,
        jackknife: np.ndarray | None = None,
        hope: float | None = None,
        is_average_precision: bool = False,
    ) -> Bootstrapped:
        """From a statistic of samples, computed whole for each draw.

        Args:
            statistic: Of rows of indices. Where it compares two files it is the difference of
                both on the same rows.
            n: Samples, indices 0 to n - 1.
            strata: Group of each sample `(n,)`: draws keep the size of each.
            seed: Of the draws: the same samples give the same verdict.
            resamples: Draws; fewer where `n` is above 2,000, at least 1,000.
            jackknife: The quantity without each sample `(n,)` or group of samples, where it is
                known cheaper than by computing it.
            hope: See the class.
            is_average_precision: Stretch the draws where the jackknife spreads more.

        Raises:
            DataError: There is no sample, or the quantity is no finite number on some draw.
        """
        if n < 1 or (strata is not None and len(strata) != n):
            raise DataError(
                "A metric needs at least one sample, and each must belong to one group.",
                received=f"{n} samples, groups for {n if strata is None else len(strata)}",
            )
        value = float(_finite(statistic(np.arange(n)[None]), strata)[0])
        groups = [np.arange(n)] if strata is None else _members(strata)
        smallest = min(len(group) for group in groups)
        fewest = max(FEWEST, math.ceil(n * FEWEST_IN_GROUP / smallest))
        if n < fewest:
            return cls(value, n, np.array([value]), hope=hope, fewest=fewest)
        resamples = min(resamples, max(_FEWEST_RESAMPLES, _DRAWN // n))
        drawn = bca.draws(statistic, groups, resamples, np.random.default_rng(seed))
        draws = np.sort(_finite(drawn, strata))
        # Sums in another order differ in their last digits: such draws do not differ.
        near = 1e-11 * max(1e-300, float(np.abs(draws).max()), abs(value))
        draws = np.where(np.abs(draws - value) <= near, value, _together(draws, near))
        if draws[0] == draws[-1] == value:
            return cls(value, n, draws, hope=hope, fewest=fewest)
        left = _leave_out(statistic, n) if jackknife is None else np.asarray(jackknife, float)
        spread, stretch = float(draws.std()), 1.0
        if is_average_precision and spread > 0:
            stretch = max(1.0, _jackknife_spread(left, n, groups) / spread)
        return cls(
            value,
            n,
            draws,
            Bca.of(draws, value, _finite(left, strata)),
            _rare(left, value, n, near),
            hope,
            fewest,
            _freedom(left, n),
            stretch,
        )

    @property
    def counted(self) -> Literal["samples"]:
        """Samples."""
        return "samples"

    @property
    def low(self) -> float:
        """One-sided 95 % lower bound; minus infinity where nothing is claimed."""
        return self._bound(1 - LEVEL)

    @property
    def high(self) -> float:
        """One-sided 95 % upper bound; infinity where nothing is claimed."""
        return self._bound(LEVEL)

    def p_below(self, limit: float) -> float:
        """Of the hypothesis that the quantity is at least `limit`: small where it is less."""
        return self._p(limit, 1)

    def p_above(self, limit: float) -> float:
        """Of the hypothesis that the quantity is at most `limit`: small where it is more."""
        return self._p(limit, -1)

    def needed(self, limit: float) -> int | None:
        """About how many samples would decide, four times in five.

        The spread of the draws falls with the root of the number of samples. The truth is taken
        to be `hope` if the samples leave that possible and more samples than there are would be
        needed, else the estimate.

        Returns:
            More than `n`, at least 30; None where no number decides.
        """
        spread = (_Z + _Z_POWER) * self.stretch * float(self.draws.std())
        possible = self.hope is not None and self.low <= self.hope <= self.high
        truths = [self.hope, self.value] if possible else [self.value]
        for truth in truths:
            distance = abs(limit - truth) if truth is not None else 0.0
            wanted = self.n * (spread / distance) ** 2 if distance else math.inf
            if self.n < wanted < ENDLESS:
                break
        return None if wanted >= ENDLESS else max(self.n + 1, self.fewest, math.ceil(wanted))

    def _bound(self, level: float) -> float:
        if self.n < self.fewest:
            return math.inf if level > 0.5 else -math.inf
        share = self.bca.share(_as_t(NORMAL.inv_cdf(level), self.n, self.freedom))
        values, shares = _curve(self.draws)
        drawn = float(np.interp(share, shares, values))
        bound = self.value + self.stretch * (drawn - self.value)
        if self.rare is None:
            return bound
        if level > 0.5:
            return max(bound, self.rare.usual + self.rare.most * highest(self.rare.up, self.n))
        return min(bound, self.rare.usual - self.rare.most * highest(self.rare.down, self.n))

    def _p(self, limit: float, sign: int) -> float:
        """Of less than a limit (`sign` 1), or of more (-1)."""
        if self.n < self.fewest:
            return 1.0
        smallest = 1 / len(self.draws)
        values, shares = _curve(self.draws)
        drawn = self.value + (limit - self.value) / self.stretch
        share = float(np.interp(drawn, values, shares, left=0.0, right=1.0))
        if 0 < share < 1:
            p = NORMAL.cdf(-sign * _as_normal(self.bca.quantile(share), self.n, self.freedom))
        else:
            p = 1 - share if sign > 0 else share
        if self.rare is not None:
            beyond = sign * (limit - self.rare.usual) / self.rare.most
            seen = self.rare.up if sign > 0 else self.rare.down
            p = max(p, at_most(seen, self.n, beyond))
        return min(1.0, max(p, smallest))


def _together(ascending: np.ndarray, near: float) -> np.ndarray:
    """Values that differ from the one before by rounding alone, as the first of their run."""
    firsts = np.flatnonzero(np.diff(ascending, prepend=-np.inf) > near)
    return np.repeat(ascending[firsts], np.diff(firsts, append=len(ascending)))


def _curve(draws: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Distinct values of the draws and the share below each, equal ones counted half."""
    values, counts = np.unique(draws, return_counts=True)
    return values, (np.cumsum(counts) - counts / 2) / len(draws)


def _freedom(left: np.ndarray, n: int) -> float:
    """Degrees of freedom of the spread of n samples, from the quantity without each or each group.

    The variance of normal samples has n - 1, that of samples of kurtosis k `2 * n / (k - 1)`.
    Groups are nearer to normal than samples are: their excess is that of samples by their size.
    """
    squares = np.square(left - left.mean())
    kurtosis = float(np.mean(squares**2) / np.mean(squares) ** 2)
    excess = (n // len(left)) * (kurtosis - 3)
    return min(n - 1.0, max(_LEAST_FREEDOM, 2 * n / max(2 + _TAILS * excess, 1.0)))


def _jackknife_spread(left: np.ndarray, n: int, groups: list[np.ndarray]) -> float:
    """The standard deviation of the quantity, from its values without each sample or each group.

    Of a mean it is what all possible draws have. Samples that are drawn within `groups` differ
    from those of their own alone.
    """
    count = len(left)
    if count == n:
        squares = sum(float(np.sum((left[one] - left[one].mean()) ** 2)) for one in groups)
    else:
        squares = float(np.sum((left - left.mean()) ** 2))
    return math.sqrt(squares * (1 - 1 / count) * (1 - 1 / n))


def _as_t(z: float, n: int, freedom: float) -> float:
    """The quantile of Student's t that stands for a normal one (Cornish and Fisher 1938)."""
    return math.sqrt(n / (n - 1)) * (z + (z**3 + z) / (4 * freedom))


def _as_normal(t: float, n: int, freedom: float) -> float:
    """The inverse of `_as_t`: a cubic equation with one real root, by Cardano."""
    if math.isinf(t):
        return t
    k = 4 * freedom
    p, q = 1.0 + k, -t * k / math.sqrt(n / (n - 1))
    root = math.sqrt((q / 2) ** 2 + (p / 3) ** 3)
    # Of the two cube roots the larger loses no digits; their product is -p / 3.
    large = math.copysign((root + abs(q) / 2) ** (1 / 3), -q)
    return large - p / (3 * large)


def _members(strata: np.ndarray) -> list[np.ndarray]:
    return [np.flatnonzero(strata == group) for group in np.unique(strata)]


def _leave_out(statistic: Statistic, n: int) -> np.ndarray:
    """The quantity without each sample, or without each of some 400 groups of samples."""
    size = 1 if n <= _SINGLE else n // _GROUPS
    # Samples often lie in the order of their classes: groups are to be alike.
    order = np.arange(n) if size == 1 else np.random.default_rng(0).permutation(n)
    kept = np.arange(n - size)
    firsts = np.arange(0, n - size + 1, size)
    batch = max(1, AT_ONCE // n)
    batches = []
    for start in range(0, len(firsts), batch):
        first = firsts[start : start + batch, None]
        batches.append(statistic(order[kept + size * (kept >= first)]))
    return np.concatenate(batches)


def _rare(left: np.ndarray, value: float, n: int, near: float) -> Rare | None:
    """The samples that change the quantity otherwise than most do, where they are few."""
    usual = float(np.median(left))
    apart = np.abs(left - usual)
    differs = apart > near
    if differs.sum() >= min(_RARE, len(left) / 2):
        # In a ratio, or an AUC, one sample's change moves what the others add, if but a little.
        differs = apart > _LITTLE * apart.max()
        if differs.sum() >= min(_RARE, len(left) * _FEW):
            return None
    count = int(differs.sum())
    if not count:
        return None
    rest = n - n // len(left)
    changes = rest * (usual - left[differs])
    return Rare(
        value - float(changes.sum()) / n,
        int(np.sum(changes > 0)),
        int(np.sum(changes < 0)),
        float(np.abs(changes).max()) * (1 + 2 / count),
    )


def _finite(values: np.ndarray, strata: np.ndarray | None) -> np.ndarray:
    values = np.asarray(values, dtype=np.float64)
    if np.isfinite(values).all():
        return values
    raise DataError(
        "A metric must be a finite number on every draw of samples.",
        received=f"{int((~np.isfinite(values)).sum())} of {values.size} draws without one"
        + ("" if strata is None else f", from groups of {_sizes(strata)} samples"),
        hint="add samples: a draw has met one class only, or the metric itself fails on some.",
    )


def _sizes(strata: np.ndarray) -> str:
    return ", ".join(str(len(group)) for group in _members(strata))
