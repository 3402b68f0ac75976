"""How many times as long one file takes as another, from what several processes found.

Rounds of one process share where its memory happens to lie, so processes are the independent
samples, and their few logarithms are judged by Student's t: a bootstrap over five processes
gives intervals that are too narrow.
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, field
from typing import Literal

from edgekit.core.errors import DataError
from edgekit.core.gate_rules import TimingOptions
from edgekit.verdicts import student
from edgekit.verdicts.evidence import LEVEL, POWER

_MOST_PROCESSES = 10_000  # hours of timing: nobody's answer
_ALIKE = 1e-9  # a spread of logarithms that is only rounding


@dataclass(frozen=True, slots=True)
class Ratio:
    """Evidence (see `verdicts.evidence`) of a positive quantity that each process measured once.

    Made for latency ratios; anything positive that is measured once by process will do, peak
    memory for instance.

    Attributes:
        ratios: One for each process, above 0.
        looks: How often these processes are judged at most. A gate that times more processes
            where few decide nothing looks twice, and each look may err half as often
            (Bonferroni): p-values are multiplied by it, and bounds taken at that much less.

    Raises:
        DataError: No ratios, or one that is not positive and finite.
    """

    ratios: tuple[float, ...]
    looks: int = 2
    _mean: float = field(init=False, repr=False, compare=False)
    _error: float = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not self.ratios or not all(math.isfinite(r) and r > 0 for r in self.ratios):
            raise DataError(
                "Each process must have found a positive ratio of latencies.",
                received=", ".join(f"{ratio:g}" for ratio in self.ratios) or "none",
            )
        logs = [math.log(ratio) for ratio in self.ratios]
        spread = statistics.stdev(logs) if len(logs) > 1 else math.inf
        if spread < _ALIKE:
            spread = 0.0
        object.__setattr__(self, "_mean", statistics.fmean(logs))
        object.__setattr__(self, "_error", spread / math.sqrt(len(logs)))

    @property
    def value(self) -> float:
        """The geometric mean over processes."""
        return math.exp(self._mean)

    @property
    def low(self) -> float:
        """One-sided 95 % lower bound, for all looks together; 0 for a single process."""
        half = self._half()
        return math.exp(self._mean - half) if math.isfinite(half) else 0.0

    @property
    def high(self) -> float:
        """One-sided 95 % upper bound, for all looks together; infinite for a single process."""
        half = self._half()
        return math.exp(self._mean + half) if half < 700 else math.inf

    @property
    def n(self) -> int:
        """How many processes."""
        return len(self.ratios)

    @property
    def counted(self) -> Literal["processes"]:
        """Processes."""
        return "processes"

    def p_above(self, limit: float) -> float:
        """How probable such ratios above `limit` would be, were the truth at most that.

        Over all looks, so at most 1; 1 for a single process.
        """
        return self._p(self._mean - math.log(limit) if limit > 0 else math.inf)

    def p_below(self, limit: float) -> float:
        """How probable such ratios below `limit` would be, were the truth at least that.

        Over all looks, so at most 1; 1 for a single process.
        """
        return self._p(math.log(limit) - self._mean if limit > 0 else -math.inf)

    def needed(self, limit: float) -> int | None:
        """About how many processes would decide, four times out of five.

        Supposes that the truth is what was found, and that processes go on to differ as they
        do. Where these did not decide, at least one more than they are.

        Returns:
            None where what was found lies on the limit, or thousands would not do.
        """
        if self.n == 1:
            return TimingOptions().num_processes  # how processes differ is not known yet
        distance = abs(self._mean - math.log(limit)) if limit > 0 else math.inf
        if distance < _ALIKE:
            return None
        least = self.n + 1 if min(self.p_above(limit), self.p_below(limit)) > 1 - LEVEL else 2
        spread = self._error * math.sqrt(self.n)
        low, high = least, _MOST_PROCESSES
        if not _enough(high, distance, spread, self._level):
            return None
        while low < high:
            middle = (low + high) // 2
            if _enough(middle, distance, spread, self._level):
                high = middle
            else:
                low = middle + 1
        return low

    @property
    def _level(self) -> float:
        """Of one look's bound."""
        return 1 - (1 - LEVEL) / self.looks

    def _half(self) -> float:
        """How far a bound's logarithm lies from the mean's."""
        if self.n == 1:
            return math.inf
        return student.quantile(self._level, self.n - 1) * self._error

    def _p(self, beyond: float) -> float:
        """One-sided p-value of a mean that lies `beyond` the limit, over all looks."""
        if self.n == 1:
            return 1.0
        if self._error == 0.0 or math.isinf(beyond):
            return 0.0 if beyond > _ALIKE else 1.0
        return min(1.0, self.looks * student.cdf(-beyond / self._error, self.n - 1))


def _enough(processes: int, distance: float, spread: float, level: float) -> bool:
    """Whether so many processes show a distance from the limit with a power of 0.8."""
    freedom = processes - 1
    quantiles = student.quantile(level, freedom) + student.quantile(POWER, freedom)
    return distance >= quantiles * spread / math.sqrt(processes)
