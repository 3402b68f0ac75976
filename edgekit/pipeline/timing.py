"""Times for the gate: pairs of files side by side, in as many processes as it takes.

What a machine does to one file it does to all that are timed in the same rounds, so only ratios
within a process are kept. The first reference is timed a second time under another name: a
machine on which a file differs from itself says nothing about others.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.core import serde
from edgekit.core.errors import ModelError, UsageError, check_least
from edgekit.core.gate_rules import TimingOptions
from edgekit.core.process import Progress, silent
from edgekit.core.records import BenchmarkOptions, Limits, Metric, Target
from edgekit.measure import latency, peak_memory
from edgekit.runtimes import local

Pair = tuple[Path, Path]

_NS_PER_MS = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """What processes found, one value for each of them, in their order.

    Attributes:
        ratios: By (candidate, reference): how many times as long the candidate takes, the
            median of its rounds.
        p50_ms: By file: the median of one invocation, milliseconds.
        self_test: How many times as long the first reference takes as itself.
        self_test_failed: The median of `self_test` where it is off by more than the tolerance,
            else None. No ratio can be believed then.
        num_processes: How many timed.
    """

    ratios: dict[Pair, tuple[float, ...]]
    p50_ms: dict[Path, tuple[float, ...]]
    self_test: tuple[float, ...]
    self_test_failed: float | None = None
    num_processes: int

    @property
    def reason(self) -> str:
        """Why no ratio can be believed, as a sentence; empty where they can."""
        if self.self_test_failed is None:
            return ""
        return (
            f"This machine is too unsteady to judge latency: the same file, timed twice side by "
            f"side in {self.num_processes} processes, took {self.self_test_failed:.3f}x its own "
            "time."
        )


def time_pairs(
    pairs: Sequence[Pair],
    target: Target,
    *,
    options: TimingOptions | None = None,
    undecided: Callable[[Timed], bool] = lambda _: False,
    limits: Limits | None = None,
    on_progress: Progress = silent,
    open_timer: latency.OpenTimer = local.open_timer,
) -> Timed:
    """Time each candidate against its reference, all of them interleaved in each process.

    One process after another, never two at once. After `options.num_processes` there is one
    more look, at `options.max_processes` in all, if `undecided` asks for it or if the self-test
    failed. So whoever judges looks twice at most, and must reckon with that (`verdicts.ratio`).

    The self-test is the median over processes, not their interval: an interval excludes 1 on
    steady machines for a deviation that does not matter, and includes it on unsteady ones for
    one that does; and a single process that the machine disturbed moves a mean, which the
    interval of the ratios accounts for already.

    Args:
        pairs: (candidate, reference), at least one. A file may be in many pairs, and is timed
            once; a candidate with its reference's content is timed as a file of its own.
        target: Where they run, with its number of threads.
        options: How long, how often, and what the self-test tolerates.
        undecided: Whether more processes are worth their time, from what the first ones found.
        limits: Of each process.
        on_progress: Takes one line at each step.
        open_timer: `Runtime.open_timer` of the target's runtime.

    Raises:
        UsageError: No pairs, or a number of processes or runs below 1.
        ModelError: A file does not exist.
        RunError: A file cannot run, crashed, or passed a limit.
    """
    options, limits = options or TimingOptions(), limits or Limits()
    _check(pairs, options)
    slots = _Slots(pairs)
    times: list[np.ndarray] = []
    for look in (options.num_processes, max(options.num_processes, options.max_processes)):
        times += [
            latency.time_process(
                slots.files,
                target,
                _of_process(options, look, target),
                process=process,
                open_timer=open_timer,
                limits=limits,
                on_progress=on_progress,
            )
            for process in range(len(times), look)
        ]
        timed = _timed(slots, times, options.tolerance)
        if timed.self_test_failed is None and not undecided(timed):
            break
    return timed


def measure_memory(
    path: Path,
    target: Target,
    *,
    processes: int = 3,
    limits: Limits | None = None,
    on_progress: Progress = silent,
    open_timer: latency.OpenTimer = local.open_timer,
) -> Metric:
    """`peak_rss_bytes` of fresh processes that only load a file and run it once.

    Args:
        path: The `.tflite` file.
        target: Where it runs, with its number of threads.
        processes: How many, one after another.
        limits: Of each process.
        on_progress: Takes one line at each step.
        open_timer: `Runtime.open_timer` of the target's runtime.

    Returns:
        The median; `raw` holds each process's own.

    Raises:
        UsageError: No process.
        RunError: The file cannot run, crashed, or passed a limit.
    """
    if processes < 1:
        raise UsageError("Memory must be measured in at least 1 process.", received=str(processes))
    peaks = []
    for process in range(processes):
        on_progress(f"measuring the memory of {path.name}, process {process + 1} of {processes}")
        peaks.append(
            peak_memory.peak_memory(
                path, target, open_timer=open_timer, limits=limits or Limits()
            ).value
        )
    return memory_metric(peaks)


def memory_metric(peaks: Sequence[float]) -> Metric:
    """`peak_rss_bytes` of processes, in bytes: their median, with each one's own in `raw`."""
    return Metric(
        name="peak_rss_bytes",
        value=statistics.median(peaks),
        unit="bytes",
        better="lower",
        raw=tuple(peaks),
    )


class _Slots:
    """What a process loads: each content once, and again what is compared with itself.

    `files` are the files in order, and the others are places in it: `pairs` of candidate and
    reference, `paths` by file, and `self_test`.
    """

    def __init__(self, pairs: Sequence[Pair]) -> None:
        self.files: list[Path] = []
        self.pairs: dict[Pair, tuple[int, int]] = {}
        self.paths: dict[Path, int] = {}
        self._places: dict[tuple[str, str], int] = {}
        self._digests: dict[Path, str] = {}
        for candidate, reference in pairs:
            right = self._place(reference, "")
            alike = self._digest(candidate) == self._digest(reference)
            left = self._place(candidate, "again" if alike else "")
            self.pairs[candidate, reference] = (left, right)
            self.paths.setdefault(reference, right)
            self.paths.setdefault(candidate, left)
        first = pairs[0][1]
        self.self_test = (self._place(first, "self-test"), self.paths[first])

    def _place(self, path: Path, which: str) -> int:
        """Where the file is loaded; `which` tells copies of one content apart."""
        key = (self._digest(path), which)
        if key not in self._places:
            self._places[key] = len(self.files)
            self.files.append(path)
        return self._places[key]

    def _digest(self, path: Path) -> str:
        if path not in self._digests:
            if not path.is_file():
                raise ModelError("The .tflite file was not found.", received=str(path))
            self._digests[path] = serde.sha256(path)
        return self._digests[path]


def _of_process(options: TimingOptions, processes: int, target: Target) -> BenchmarkOptions:
    return BenchmarkOptions(
        warmup_runs=options.warmup_runs,
        num_runs=options.num_runs,
        num_processes=processes,
        num_threads=target.num_threads,
        min_seconds=options.min_seconds,
    )


def _timed(slots: _Slots, processes: Sequence[np.ndarray], tolerance: float) -> Timed:
    """What processes found; each array has the shape `(files, rounds)`, nanoseconds."""

    def ratios(left: int, right: int) -> tuple[float, ...]:
        return tuple(latency.process_ratio(times[left], times[right]) for times in processes)

    self_test = ratios(*slots.self_test)
    itself = statistics.median(self_test)
    # Both ways alike: 2 % slower than itself is the other one 2 % faster.
    fails = max(itself, 1 / itself) > 1 + tolerance
    return Timed(
        ratios={pair: ratios(*places) for pair, places in slots.pairs.items()},
        p50_ms={
            path: tuple(float(np.median(times[place])) / _NS_PER_MS for times in processes)
            for path, place in slots.paths.items()
        },
        self_test=self_test,
        self_test_failed=itself if fails else None,
        num_processes=len(processes),
    )


def _check(pairs: Sequence[Pair], options: TimingOptions) -> None:
    if not pairs:
        raise UsageError("Timing needs a candidate and a reference.", received="no pairs")
    check_least(options, num_processes=1, max_processes=1, num_runs=1, warmup_runs=0)
    if not options.tolerance > 0:
        raise UsageError(
            "The self-test's tolerance must be above 0.", received=f"{options.tolerance}"
        )
