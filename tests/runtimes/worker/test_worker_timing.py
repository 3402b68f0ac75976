"""Timing in the worker: on real files, and with a model whose clock is known."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest

from edgekit.core.errors import DataError, RunError
from edgekit.core.records import Limits, Target
from edgekit.runtimes.base import Timer
from edgekit.runtimes.local import open_timer
from edgekit.runtimes.worker import worker_timing
from edgekit.runtimes.worker.worker_model import Model
from edgekit.runtimes.worker.worker_timing import Time, peak_rss_bytes, time_models


def test_timing_with_given_inputs(data: Path, target: Target, limits: Limits) -> None:
    def rounds(timer: Timer, **inputs: np.ndarray) -> np.ndarray:
        return timer.time(warmup_runs=1, num_runs=3, min_seconds=0.0, seed=0, inputs=inputs)

    with open_timer([data / "ids.tflite"], target, limits=limits) as timer:
        assert rounds(timer, ids=np.full((5, 3), 9)).shape == (1, 3)
        with pytest.raises(DataError, match="must be ids"):
            rounds(timer, x=np.zeros((5, 3)))
        with pytest.raises(RunError):  # the given values are what runs: row 99 of ten
            rounds(timer, ids=np.full((5, 3), 99))


class Clock:
    """Time that passes in `invoke` only."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.log: list[str] = []

    def perf_counter_ns(self) -> int:
        return self.now_ns

    def monotonic(self) -> float:
        return self.now_ns / 1e9


class Known:
    """A model of which each invocation takes a known time."""

    def __init__(self, clock: Clock, name: str, ns: int) -> None:
        self.clock, self.name, self.ns = clock, name, ns

    def fill(self, inputs: dict[str, str], rng: np.random.Generator) -> None:
        self.filled = (inputs, rng.integers(1 << 30))

    def invoke(self) -> None:
        self.clock.now_ns += self.ns
        self.clock.log.append(self.name)

    check = invoke


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(worker_timing, "time", made)
    return made


def request(**fields: object) -> Time:
    asked = {"handles": (1, 2), "warmup": 1, "rounds": 4, "min_seconds": 0.0, "seed": 0}
    return Time(**{**asked, "inputs": {}, **fields})


def test_fast_models_are_invoked_several_times_for_each_timing(clock: Clock) -> None:
    models = [Known(clock, "slow", 60_000), Known(clock, "fast", 3_000)]
    timed = time_models(cast(list[Model], models), request(), print)
    assert timed.invokes == (1, 67)  # 67 of 3 us are 200 us
    assert timed.nanoseconds == ((60_000,) * 4, (67 * 3_000,) * 4)


def test_models_take_turns_in_a_random_order(clock: Clock) -> None:
    models = [Known(clock, name, 100_000) for name in "ab"]
    time_models(cast(list[Model], models), request(rounds=40), print)
    rounds = ["".join(clock.log[at : at + 2]) for at in range(2, 82, 2)]
    assert set(rounds) == {"ab", "ba"}
    assert models[0].filled == models[1].filled  # both are fed the same random values


def test_rounds_go_on_until_the_seconds_have_passed(clock: Clock) -> None:
    lines: list[str] = []
    model = Known(clock, "a", 400_000_000)
    timed = time_models(cast(list[Model], [model]), request(min_seconds=2.0), lines.append)
    assert len(timed.nanoseconds[0]) == 5
    assert lines == ["3 rounds timed"]


def test_memory_is_what_this_process_has_held() -> None:
    assert peak_rss_bytes() > 10 << 20
