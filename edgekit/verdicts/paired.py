"""Whether a candidate is right as often as its reference, by the samples on which they differ.

Tango's score test (Tango 1998, Statistics in Medicine 17:891) of a difference of paired
proportions against a margin, with a continuity correction. The test itself is too lenient where
few samples differ: it lets a loss of exactly the margin pass in up to 6.0 % of cases. The
statistic therefore counts a quarter of a sample more loss when a loss is to be shown less than a
margin, and three quarters more gain when it is to be shown greater. (The two differ because a
few rare events scatter further upwards than downwards.) With that the exact size, enumerated over
some 60,000 combinations of 20 to 6,000 samples, margins of 0.2 to 20 % and discordances of at most
one half, is 5.2 % at most, and 5 % in the grid of `benchmarks/gate_statistics.py`: a plain
formula does here what an exact unconditional test takes thousands of sums for.

At smaller levels, as Holm's correction uses them, showing a loss greater than a margin has a
size of up to 1.3 % for 1 %.

`convert --max-loss` shows its losses with the interval of the same test, 2.5 % on either side. Over
150 combinations of 20 to 1,000 samples, discordances of 1 to 40 % and losses from none to all of
it, the exact enumeration finds the true loss outside in 4.7 % of cases at most. Without the
correction it is 6.4 %; by Wilson's intervals of both shares, joined by their squared distances
(MOVER: Zou and Donner 2008, Statistics in Medicine 27:1693), 8.0 %, and more than 5 % in 38 of the
150: the shares lost and won are not independent, as it takes them to be.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Literal

import numpy as np

from edgekit.core.errors import DataError
from edgekit.verdicts.evidence import ENDLESS, LEVEL, POWER

_NORMAL = NormalDist()
_Z = _NORMAL.inv_cdf(LEVEL)
_LESS, _MORE = 0.25, 0.75  # of a sample; see above
_UNSEEN = 2  # differing samples that a pilot is taken to have missed
_STEPS = 60


@dataclass(frozen=True, slots=True)
class Paired:
    """Right or wrong, of a reference and a candidate on the same samples.

    The quantity is the loss, the share of samples that the reference alone has right less the
    share that the candidate alone has right: -1 to 1.

    Attributes:
        b: Samples that the reference has right and the candidate wrong.
        c: The reverse.
        n: All samples.
    """

    b: int
    c: int
    n: int

    def __post_init__(self) -> None:
        if min(self.b, self.c) < 0 or self.n < 1 or self.b + self.c > self.n:
            raise DataError(
                "Samples that differ must be some of all samples, of which there must be at least "
                "one.",
                received=f"{self.b} and {self.c} of {self.n}",
            )

    @classmethod
    def of(cls, reference: np.ndarray, candidate: np.ndarray) -> Paired:
        """From 1 (right) and 0 (wrong) by sample.

        Args:
            reference: `(n,)`.
            candidate: `(n,)`, of the same samples in the same order.

        Raises:
            DataError: The shapes differ, there is no sample, or a value is neither 0 nor 1.
        """
        if reference.shape != candidate.shape or reference.ndim != 1 or not len(reference):
            raise DataError(
                "Reference and candidate must be evaluated on the same samples, one value each.",
                received=f"shapes {reference.shape} and {candidate.shape}",
                hint="measure both again with the same samples.",
            )
        for what, values in (("reference", reference), ("candidate", candidate)):
            odd = ~np.isin(values, (0, 1))
            if odd.any():
                raise DataError(
                    f"Each sample of the {what} must be right, 1, or wrong, 0.",
                    received=f"{values[odd][0]} in sample {int(np.flatnonzero(odd)[0])}",
                )
        right, kept = reference.astype(bool), candidate.astype(bool)
        return cls(int(np.sum(right & ~kept)), int(np.sum(~right & kept)), len(right))

    @property
    def counted(self) -> Literal["samples"]:
        """Samples."""
        return "samples"

    @property
    def value(self) -> float:
        """The loss in these samples."""
        return (self.b - self.c) / self.n

    @property
    def low(self) -> float:
        """One-sided 95 % lower bound: the greatest loss that has been shown to be exceeded."""
        return 0.0 - _highest(self.c, self.b, self.n, 1 - LEVEL)

    @property
    def high(self) -> float:
        """One-sided 95 % upper bound: the smallest loss that has been shown not to be reached."""
        return _highest(self.b, self.c, self.n, 1 - LEVEL)

    @property
    def interval(self) -> tuple[float, float]:
        """Two-sided 95 % interval of the loss; no point where no sample differs."""
        side = (1 - LEVEL) / 2
        low = 0.0 - _highest(self.c, self.b, self.n, side)
        return low, _highest(self.b, self.c, self.n, side)

    def p_below(self, limit: float) -> float:
        """Of the hypothesis that the loss is at least `limit`: small where it is less."""
        return _p(self.b, self.c, self.n, limit)

    def p_above(self, limit: float) -> float:
        """Of the hypothesis that the loss is at most `limit`: small where it is more."""
        return _p(self.c, self.b, self.n, -limit)

    def needed(self, limit: float) -> int | None:
        """About how many samples would decide, four times in five.

        Unless the samples show a loss, its absence is taken for the truth. If they do, or if as
        many samples as that asks for are there already, the number suffices for the estimate too.
        The samples are taken to have missed two that differ: few samples often meet none.

        Returns:
            More than `n`; None where no number of samples decides: the loss is the limit.
        """
        discordance = min(1.0, (self.b + self.c + _UNSEEN) / (self.n + _UNSEEN))
        harmless = _enough(discordance, 0.0, limit, POWER) or 0
        if self.low <= 0 and harmless > self.n:
            return harmless
        wanted = _enough(discordance, self.value, limit, POWER)
        return None if wanted is None else max(self.n + 1, harmless, wanted)


def samples_needed(discordance: float, margin: float, power: float = POWER) -> int | None:
    """How many samples show that a change without loss loses less than `margin`.

    >>> samples_needed(0.02, 0.01)
    1447

    Args:
        discordance: Share of samples that one of the two has right and the other wrong.
        margin: The loss that may not be reached, a fraction.
        power: How probable it shall be that they do.

    Returns:
        None where no number does: a margin of 0 or below.

    Raises:
        DataError: The discordance is no share, or the power not between 0.5 and 1.
    """
    if not 0 <= discordance <= 1 or not 0.5 <= power < 1:
        raise DataError(
            "A discordance must be a share of samples, a power a probability of 0.5 or more.",
            received=f"discordance {discordance}, power {power}",
        )
    return _enough(discordance, 0.0, margin, power) if margin > 0 else None


def _p(b: int, c: int, n: int, margin: float) -> float:
    """Of b - c as small as this, were the loss `margin`."""
    if abs(margin) > 1:
        return 0.0 if margin > 0 else 1.0
    lenient = _LESS if margin > 0 else _MORE
    excess = b - c - n * margin + lenient
    variance = n * _variance(b / n, c / n, margin)
    if variance <= 0:  # the margin leaves one outcome only, or nothing differs and none may
        return 0.0 if excess < 0 else 1.0
    # Not by NormalDist.cdf, which has no digits of a small probability.
    return math.erfc(-excess / math.sqrt(2 * variance)) / 2


def _variance(b: float, c: float, margin: float) -> float:
    """Of one sample's loss, were it `margin` on average: from the likeliest shares of b and c."""
    half = (2 - b + c) * margin - b - c
    root = math.sqrt(max(0.0, half * half + 8 * c * margin * (1 - margin)))
    # The two ways to write one root: each loses its digits where the other keeps them.
    if half > 0:
        lost = 2 * c * margin * (1 - margin) / (root + half)
    else:
        lost = (root - half) / 4
    return 2 * lost + margin * (1 - margin)


@lru_cache(maxsize=4096)
def _highest(b: int, c: int, n: int, least: float) -> float:
    """The greatest margin of which the p-value is above `least`: it falls as the margin grows."""
    low, high = (b - c) / n, 1.0
    if _p(b, c, n, high) > least:
        return high
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _p(b, c, n, middle) > least:
            low = middle
        else:
            high = middle
    return high


def _enough(discordance: float, truth: float, margin: float, power: float) -> int | None:
    """Samples that show a true loss to be less than a margin, or more.

    The normal approximation of the test's power, with its correction, solved for the root of n.
    """
    if truth > margin:
        truth, margin = -truth, -margin
    distance = margin - truth
    if distance <= 0 or margin > 1:
        return None
    discordance = max(discordance, abs(truth))
    variance = _variance((discordance + truth) / 2, (discordance - truth) / 2, margin)
    spread = math.sqrt(max(0.0, discordance - truth * truth))
    scale = _Z * math.sqrt(max(0.0, variance)) + _NORMAL.inv_cdf(power) * spread
    lenient = _LESS if margin > 0 else _MORE
    root = (scale + math.sqrt(scale * scale + 4 * distance * lenient)) / (2 * distance)
    return math.ceil(root * root) if root * root < ENDLESS else None
