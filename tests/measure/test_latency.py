"""Latency statistics with a fake clock: no test here looks at a real one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import BenchmarkOptions, Limits, Metric, Target
from edgekit.measure.latency import (
    benchmark,
    compare,
    latency_metrics,
    process_ratio,
    time_process,
)

OPTIONS = BenchmarkOptions(num_runs=40, num_processes=3, num_threads=2)


class Clock:
    """A timer whose files take set times, and which notes what was asked of it."""

    def __init__(self, milliseconds: dict[str, float], slow: Sequence[float] = (1, 1, 1)) -> None:
        self.milliseconds, self.slow = milliseconds, slow
        self.opened: list[tuple[list[str], Target]] = []
        self.asked: list[dict[str, object]] = []
        self.closed = 0

    def __call__(self, paths: Sequence[Path], target: Target, *, limits: Limits) -> Clock:
        self.opened.append(([path.name for path in paths], target))
        return self

    def time(self, **asked: object) -> np.ndarray:
        self.asked.append(asked)
        # The whole machine is slower in some processes, and noisy in each round.
        noise = np.random.default_rng(len(self.asked)).lognormal(0, 0.3, OPTIONS.num_runs)
        slow = self.slow[len(self.asked) - 1]
        names = self.opened[-1][0]
        return np.array([self.milliseconds[n] * 1e6 * slow * noise for n in names])

    def peak_rss_bytes(self) -> int:
        return 0

    def close(self) -> None:
        self.closed += 1


def run(clock: Clock, *names: str) -> tuple[tuple[Metric, ...], ...]:
    paths = [Path(name) for name in names]
    return benchmark(paths, Target(), OPTIONS, open_timer=clock, limits=Limits()).files


def named(metrics: tuple[Metric, ...]) -> dict[str, Metric]:
    return {metric.name: metric for metric in metrics}


def test_percentiles_in_milliseconds() -> None:
    rounds = np.arange(1, 102) * 1e6  # 1 to 101 ms
    found = named(latency_metrics([rounds, rounds]))
    assert found["latency_p50_ms"].value == 51
    assert found["latency_p90_ms"].value == 91
    assert found["latency_p99_ms"].value == 100
    assert found["latency_p50_ms"].raw == (51, 51)
    assert all(m.better == "lower" and m.unit == "ms" for m in found.values())
    assert all(m.low is not None and m.low <= m.value <= (m.high or 0) for m in found.values())


def test_noise_common_to_a_round_leaves_the_ratio_exact() -> None:
    ratio = named(run(Clock({"a": 2.0, "b": 5.0}, slow=(1, 3, 2)), "a", "b")[1])["latency_ratio"]
    assert ratio.value == pytest.approx(2.5)
    assert (ratio.low, ratio.high) == (pytest.approx(2.5), pytest.approx(2.5))
    assert ratio.raw == pytest.approx((2.5, 2.5, 2.5))


def test_a_file_against_itself_is_one() -> None:
    reference, again = run(Clock({"a": 2.0}), "a", "a")
    assert named(again)["latency_ratio"].value == 1
    assert "latency_ratio" not in named(reference)


def test_processes_load_files_in_turn_and_results_keep_their_file() -> None:
    clock = Clock({"a": 1.0, "b": 10.0, "c": 100.0})
    files = run(clock, "a", "b", "c")
    assert [names for names, _ in clock.opened] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
    ]
    assert named(files[1])["latency_ratio"].value == pytest.approx(10)
    assert named(files[2])["latency_ratio"].value == pytest.approx(100)
    assert clock.closed == 3


def test_one_process_gives_times_in_the_files_order() -> None:
    paths = [Path(name) for name in "abca"]
    for process in range(5):
        clock = Clock({"a": 1.0, "b": 10.0, "c": 100.0}, slow=(1,))
        times = time_process(
            paths, Target(), OPTIONS, process=process, open_timer=clock, limits=Limits()
        )
        assert clock.opened[0][0] == ["abca"[(i + process) % 4] for i in range(4)]
        assert times.shape == (4, OPTIONS.num_runs)
        ratios = [process_ratio(mine, times[0]) for mine in times]
        assert ratios == pytest.approx([1, 10, 100, 1])
        assert clock.asked[0]["seed"] == process


def test_the_ratio_in_one_process_is_its_share_of_the_whole() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.lognormal(0, 0.3, (2, 3, 31))
    assert compare(a, b).raw == pytest.approx(
        [process_ratio(x, y) for x, y in zip(a, b, strict=True)]
    )
    with pytest.raises(DataError, match="positive"):
        process_ratio(np.array([1.0, 0.0]), np.array([1.0, 1.0]))
    with pytest.raises(DataError, match="round by round"):
        process_ratio(np.array([1.0]), np.array([1.0, 1.0]))


def test_threads_are_the_options_and_are_stated() -> None:
    clock = Clock({"a": 1.0})
    done = benchmark([Path("a")], Target(), OPTIONS, open_timer=clock, limits=Limits())
    assert done.target.num_threads == 2
    assert {target.num_threads for _, target in clock.opened} == {2}
    assert [asked["seed"] for asked in clock.asked] == [0, 1, 2]
    assert all(asked["num_runs"] == 40 for asked in clock.asked)


def test_a_failing_timer_is_closed() -> None:
    clock = Clock({})
    with pytest.raises(KeyError):
        run(clock, "a")
    assert clock.closed == 1


def test_the_interval_knows_that_processes_differ() -> None:
    rng = np.random.default_rng(0)
    reference = [np.full(200, 1e6)] * 3
    same = [1e6 * rng.lognormal(0.0, 0.01, 200) for _ in range(3)]
    apart = [1e6 * rng.lognormal(shift, 0.01, 200) for shift in (-0.1, 0.0, 0.1)]
    narrow, wide = compare(same, reference), compare(apart, reference)
    assert narrow.low is not None and narrow.high is not None
    assert wide.low is not None and wide.high is not None
    assert wide.high - wide.low > 5 * (narrow.high - narrow.low)
    assert wide.low < 0.92 and wide.high > 1.08  # each process by itself could have been drawn


@settings(max_examples=10)
@given(st.floats(0.01, 100.0), st.integers(0, 99))
def test_the_ratio_does_not_depend_on_the_unit_and_inverts(unit: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    a = [rng.lognormal(1, 0.2, 31) for _ in range(3)]
    b = [rng.lognormal(0, 0.2, 31) for _ in range(3)]
    there = compare(a, b)
    assert compare([r * unit for r in a], [r * unit for r in b]).value == pytest.approx(there.value)
    assert compare(b, a).value == pytest.approx(1 / there.value)
    assert there.low is not None and there.high is not None
    assert there.low <= there.value <= there.high


def test_equal_seeds_give_equal_intervals() -> None:
    rounds = [np.random.default_rng(1).lognormal(15, 0.2, 50) for _ in range(3)]
    assert latency_metrics(rounds, seed=4) == latency_metrics(rounds, seed=4)
    assert latency_metrics(rounds, seed=4) != latency_metrics(rounds, seed=5)


def test_processes_of_different_length_count_alike() -> None:
    found = named(latency_metrics([np.full(10, 1e6), np.full(1000, 3e6)]))
    assert found["latency_p50_ms"].value == 2  # ten of each


@pytest.mark.parametrize("rounds", [[], [np.array([])], [np.array([1.0, 0.0])], [[np.nan]]])
def test_times_that_are_none(rounds: list[np.ndarray]) -> None:
    with pytest.raises(DataError):
        latency_metrics(rounds)


def test_unpaired_rounds_are_refused() -> None:
    with pytest.raises(DataError, match="round by round"):
        compare([np.ones(3)], [np.ones(4)])


@pytest.mark.parametrize(
    "options",
    [
        BenchmarkOptions(num_runs=0),
        BenchmarkOptions(num_processes=0),
        BenchmarkOptions(num_threads=0),
        BenchmarkOptions(warmup_runs=-1),
    ],
)
def test_senseless_options(options: BenchmarkOptions) -> None:
    with pytest.raises(UsageError, match="at least"):
        benchmark([Path("a")], Target(), options, open_timer=Clock({}), limits=Limits())


def test_no_file() -> None:
    with pytest.raises(UsageError, match="needs a file"):
        run(Clock({}))
