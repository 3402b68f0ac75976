"""Latency: how long one invocation takes, and how two files compare.

Files that are compared are timed in one process, interleaved in a random order each
round, so that whatever else the machine does falls on all alike; and in several
processes, because where a process happens to put its memory moves every time in it.
Intervals are bootstrapped over processes first, then over rounds within them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from edgekit.core.errors import DataError, UsageError, check_least
from edgekit.core.process import Progress
from edgekit.core.records import BenchmarkOptions, Limits, Metric, Target

_RESAMPLES = 1000
_CHUNK_VALUES = 2_000_000  # bootstrap draws held in memory at once
_NS_PER_MS = 1e6


class Timer(Protocol):
    """Files loaded in one fresh process: what `edgekit.runtimes` opens."""

    def time(
        self,
        *,
        warmup_runs: int,
        num_runs: int,
        min_seconds: float,
        seed: int,
        on_progress: Progress | None = None,
    ) -> np.ndarray:
        """Nanoseconds of one invocation, shape `(files, rounds)`, interleaved by round."""
        ...

    def peak_rss_bytes(self) -> int:
        """Most resident memory that the process ever held."""
        ...

    def close(self) -> None:
        """End the process."""
        ...


class OpenTimer(Protocol):
    """Loads files into a new process: `Runtime.open_timer` of `edgekit.runtimes`."""

    def __call__(self, paths: Sequence[Path], target: Target, *, limits: Limits) -> Timer:
        """Open a timer on `paths`, in that order."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """What was timed: the target with its number of threads, and each file's metrics."""

    target: Target
    files: tuple[tuple[Metric, ...], ...]

    @property
    def ratios(self) -> list[Metric]:
        """`latency_ratio` of each file but the first, which they are compared with."""
        return [next(m for m in metrics if m.name == "latency_ratio") for metrics in self.files[1:]]


def latency_metrics(rounds: Sequence[np.ndarray], *, seed: int = 0) -> tuple[Metric, ...]:
    """`latency_p50_ms`, `latency_p90_ms` and `latency_p99_ms` of one file.

    Args:
        rounds: For each process, nanoseconds of one invocation in each round, shape
            `(rounds,)`. Processes may differ in their number of rounds; all are cut to
            the shortest, so that each process counts alike.
        seed: Of the bootstrap.

    Returns:
        Metrics in milliseconds with a 95 % interval; `raw` holds that percentile in each
        process.

    Raises:
        DataError: No rounds, or a time that is not positive.
    """
    values = _table(rounds) / _NS_PER_MS
    metrics = []
    for percent in (50, 90, 99):

        def statistic(table: np.ndarray, q: int = percent) -> np.ndarray:
            return np.asarray(np.percentile(table, q, axis=-1))

        low, high = _interval(values, statistic, seed)
        metrics.append(
            Metric(
                name=f"latency_p{percent}_ms",
                value=float(statistic(values.ravel())),
                unit="ms",
                better="lower",
                low=low,
                high=high,
                raw=tuple(float(v) for v in statistic(values)),
            )
        )
    return tuple(metrics)


def compare(
    candidate: Sequence[np.ndarray], reference: Sequence[np.ndarray], *, seed: int = 0
) -> Metric:
    """`latency_ratio`: the candidate's latency as a multiple of the reference's.

    `exp(median(log(candidate / reference)))` over pairs of the same round and process;
    below 1 is faster. The median of ratios within a round is untouched by what slows the
    machine for longer than a round.

    Args:
        candidate: For each process, nanoseconds by round, shape `(rounds,)`.
        reference: The same of the other file, in the same processes and rounds.
        seed: Of the bootstrap.

    Returns:
        The ratio with a 95 % interval, clustered by process; `raw` holds each process's
        own ratio.

    Raises:
        DataError: The two have not the same processes and rounds.
    """
    logs = _log_ratios(candidate, reference)

    def statistic(table: np.ndarray) -> np.ndarray:
        return np.asarray(np.median(table, axis=-1))

    low, high = _interval(logs, statistic, seed)
    return Metric(
        name="latency_ratio",
        value=float(np.exp(statistic(logs.ravel()))),
        better="lower",
        low=float(np.exp(low)),
        high=float(np.exp(high)),
        raw=tuple(float(v) for v in np.exp(statistic(logs))),
    )


def _log_ratios(candidate: Sequence[np.ndarray], reference: Sequence[np.ndarray]) -> np.ndarray:
    """Logarithms of the ratios, shape `(processes, rounds)`."""
    if [len(r) for r in candidate] != [len(r) for r in reference]:
        raise DataError(
            "Latencies must be compared in pairs, round by round.",
            received=f"rounds {[len(r) for r in candidate]} and {[len(r) for r in reference]}",
        )
    return np.asarray(np.log(_table(candidate)) - np.log(_table(reference)))


def _table(rounds: Sequence[np.ndarray]) -> np.ndarray:
    """Rounds of several processes as one array `(processes, rounds)`."""
    shortest = min((len(r) for r in rounds), default=0)
    if shortest == 0:
        raise DataError("Each process must have timed at least one round.", received="no times")
    table = np.stack([np.asarray(r, dtype=np.float64)[:shortest] for r in rounds])
    if not (np.isfinite(table) & (table > 0)).all():
        raise DataError("Times must be positive.", received=f"{table.min()} ns")
    return table


def _interval(
    table: np.ndarray, statistic: Callable[[np.ndarray], np.ndarray], seed: int
) -> tuple[float, float]:
    """95 % percentile interval of a two-stage (cluster) bootstrap.

    Processes are drawn with replacement, then rounds within each drawn process: rounds of
    one process resemble each other, and drawing them as if they did not would give an
    interval that is too narrow. Davison and Hinkley, Bootstrap Methods and their
    Application, section 3.8.

    Args:
        table: Shape `(processes, rounds)`.
        statistic: Reduces the last axis.
        seed: Of the draws.
    """
    rng = np.random.default_rng(seed)
    processes, rounds = table.shape
    at_once = max(1, _CHUNK_VALUES // table.size)
    draws = []
    for first in range(0, _RESAMPLES, at_once):
        count = min(at_once, _RESAMPLES - first)
        which = rng.integers(0, processes, (count, processes, 1))
        when = rng.integers(0, rounds, (count, processes, rounds))
        draws.append(statistic(table[which, when].reshape(count, -1)))
    low, high = np.percentile(np.concatenate(draws), (2.5, 97.5))
    return float(low), float(high)


def benchmark(
    paths: Sequence[Path],
    target: Target,
    options: BenchmarkOptions,
    *,
    open_timer: OpenTimer,
    limits: Limits,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> Benchmark:
    """Time files against each other. The first is the reference of every ratio.

    Each of `options.num_processes` fresh processes loads all files, runs each
    `options.warmup_runs` times, and times `options.num_runs` rounds or as many as
    `options.min_seconds` allow, whichever is more. Every process loads the files in
    another order, because the first one loaded can get the better memory.

    Args:
        paths: One or more `.tflite` files. The same file twice is an A/A test.
        target: Where they run; `options.num_threads` replaces its number of threads.
        options: How long and how often.
        open_timer: `Runtime.open_timer` of the target's runtime.
        limits: Of each process.
        seed: Of the order of rounds and of the bootstrap.
        on_progress: Told what is being timed.

    Returns:
        For each file, in the order of `paths`: the metrics of `latency_metrics`, and
        after the first file `latency_ratio`.

    Raises:
        UsageError: No files, or a number of processes or runs below 1.
        RunError: A file cannot run, crashed, or passed a limit.
    """
    _check(paths, options)
    target = replace(target, num_threads=options.num_threads)
    times: list[list[np.ndarray]] = [[] for _ in paths]
    for process in range(options.num_processes):
        rounds_of_files = time_process(
            paths,
            target,
            options,
            process=process,
            open_timer=open_timer,
            limits=limits,
            seed=seed,
            on_progress=on_progress,
        )
        for mine, rounds in zip(times, rounds_of_files, strict=True):
            mine.append(rounds)
    files = [latency_metrics(times[0], seed=seed)]
    for mine in times[1:]:
        files.append((*latency_metrics(mine, seed=seed), compare(mine, times[0], seed=seed)))
    return Benchmark(target=target, files=tuple(files))


def time_process(
    paths: Sequence[Path],
    target: Target,
    options: BenchmarkOptions,
    *,
    process: int,
    open_timer: OpenTimer,
    limits: Limits,
    seed: int = 0,
    on_progress: Progress | None = None,
) -> np.ndarray:
    """Time files against each other in one fresh process.

    Args:
        paths: The files. One that is named twice is loaded twice, and timed as two.
        target: Where they run, with its number of threads.
        options: How long and how often, and of how many processes this is one.
        process: Which one, from 0: it decides the order of loading, so that over processes
            each file is loaded first as often as any other.
        open_timer: `Runtime.open_timer` of the target's runtime.
        limits: Of the process.
        seed: Of the order of rounds, with the process's number.
        on_progress: Told what is being timed.

    Returns:
        Nanoseconds of one invocation, in the order of `paths`, shape `(files, rounds)`.

    Raises:
        RunError: A file cannot run, crashed, or passed a limit.
    """
    order = [(i + process) % len(paths) for i in range(len(paths))]
    step = f"process {process + 1} of {options.num_processes}"
    if on_progress:
        on_progress(f"timing {len(paths)} files, {step}")
    timer = open_timer([paths[i] for i in order], target, limits=limits)
    try:
        rounds = timer.time(
            warmup_runs=options.warmup_runs,
            num_runs=options.num_runs,
            min_seconds=options.min_seconds,
            seed=seed + process,
            on_progress=on_progress and _prefixed(step, on_progress),
        )
    finally:
        timer.close()
    return np.asarray(rounds[np.argsort(order)])


def process_ratio(candidate: np.ndarray, reference: np.ndarray) -> float:
    """How many times as long one file takes as another, in one process: a share of `compare`.

    Args:
        candidate: Nanoseconds by round, shape `(rounds,)`.
        reference: The same of the other file, in the same rounds.

    Raises:
        DataError: A time is not positive, or the rounds differ in number.
    """
    return float(np.exp(np.median(_log_ratios([candidate], [reference]))))


def _prefixed(step: str, on_progress: Progress) -> Progress:
    return lambda text: on_progress(f"{step}: {text}")


def _check(paths: Sequence[Path], options: BenchmarkOptions) -> None:
    if not paths:
        raise UsageError("A benchmark needs a file.", received="none")
    check_least(options, num_processes=1, num_runs=1, num_threads=1, warmup_runs=0)
