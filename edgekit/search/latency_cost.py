"""What files cost in time, side by side, and which of them is worth it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit.core.process import Progress
from edgekit.core.records import BenchmarkOptions, Limits, Target
from edgekit.measure import latency
from edgekit.runtimes import local

# Times within this share of each other are about the same.
_MUCH_FASTER = 0.85
# One process: a choice between files needs no more, `benchmark` says the rest.
_OPTIONS = BenchmarkOptions(warmup_runs=2, num_runs=15, num_processes=1, min_seconds=0.3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Latency of a file as a multiple of the float file's, and of the unrepaired one's."""

    to_float: float
    to_unrepaired: float


def measure(
    float_path: Path,
    unrepaired: Path,
    repaired: Sequence[Path],
    *,
    limits: Limits,
    report: Progress,
) -> list[Times]:
    """Time files in one process, interleaved in a random order.

    Args:
        float_path: The reference.
        unrepaired: The recipe's file with nothing kept.
        repaired: Files to choose from.
        limits: Of the process.
        report: Takes one line of progress.

    Raises:
        RunError: A file does not run.
    """
    timed = latency.benchmark(
        [float_path, unrepaired, *repaired],
        Target(),
        _OPTIONS,
        open_timer=local.open_timer,
        limits=limits,
        on_progress=report,
    )
    ratios = [metric.value for metric in timed.ratios]
    return [Times(to_float=ratio, to_unrepaired=ratio / ratios[0]) for ratio in ratios[1:]]


def choose(kept: Sequence[int], times: Sequence[Times], *, sure: bool) -> int:
    """The solution that keeps the fewest operators, unless another is much faster.

    Where the samples are too few to be sure of the bound, they are too few to show how far
    unseen ones go beyond calibrated ranges too. What is kept has none: then the solution that
    keeps the most is taken, of those that take about as little time as the fastest.

    Args:
        kept: How many operators each keeps.
        times: How long each takes.
        sure: Whether the samples can show the bound.

    Returns:
        Its index.
    """
    if not sure:
        limit = min(time.to_float for time in times) / _MUCH_FASTER
        near = [i for i in range(len(kept)) if times[i].to_float <= limit]
        return max(near, key=lambda i: (kept[i], -times[i].to_float))
    best, *others = sorted(range(len(kept)), key=lambda i: (kept[i], times[i].to_float))
    for index in others:
        if times[index].to_float < _MUCH_FASTER * times[best].to_float:
            best = index
    return best
