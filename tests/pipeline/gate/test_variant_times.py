"""Times side by side, kept, and timed longer where rules are not decided: under a fake clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from edgekit.core.errors import ModelError
from edgekit.core.gate_rules import Rule, TimingOptions
from edgekit.core.records import Limits, Metric, Target
from edgekit.pipeline import timing
from edgekit.pipeline.cache import Cache
from edgekit.pipeline.gate import variant_times
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.pipeline.gate.variant_times import Asked
from edgekit.runtimes.base import Timer
from edgekit.runtimes.fake import FakeRuntime
from tests.pipeline.files import times as fake_file

QUICK = TimingOptions(num_processes=3, max_processes=6, num_runs=3, min_seconds=0.0)
MS = {"int8.tflite": 1.0, "float32.tflite": 2.0, "old.tflite": 0.5}


class Clock:
    """Opens fake timers, and counts them."""

    def __init__(self) -> None:
        self.opened: list[list[str]] = []
        models = {name: fake_file(1.0, ms * 1e6) for name, ms in MS.items()}
        self._runtime = FakeRuntime(models)

    def open_timer(self, paths: Sequence[Path], target: Target, *, limits: Limits) -> Timer:
        self.opened.append([path.name for path in paths])
        return self._runtime.open_timer(paths, target, limits=limits)


@pytest.fixture
def clock(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clock:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    for name in MS:
        (tmp_path / name).write_text(name, encoding="utf-8")
    fake = Clock()
    for name in ("time_pairs", "measure_memory"):
        measured = partial(getattr(timing, name), open_timer=fake.open_timer)
        monkeypatch.setattr(variant_times, name, measured)
    return fake


def asked(folder: Path, *rules: Rule, baseline: bool = False) -> Asked:
    return Asked(
        variant="int8",
        path=folder / "int8.tflite",
        reference=folder / "float32.tflite",
        baseline=folder / "old.tflite" if baseline else None,
        rules=rules,
    )


def timed(one: Asked, **options: object) -> tuple[dict[str, Metric], str]:
    run = RunOptions(**{"timing": QUICK, **options})
    metrics, noisy = variant_times.times([one], Target(), run)
    return {metric.name: metric for metric in metrics["int8"]}, noisy


FASTER = Rule(metric="latency_ratio", at_most=1.0)


def test_a_variant_is_timed_against_its_float_file_and_the_baselines(clock, tmp_path):
    found, noisy = timed(asked(tmp_path, FASTER, baseline=True))
    assert noisy == ""
    assert {name: pytest.approx(metric.value) for name, metric in found.items()} == {
        "latency_p50_ms": 1.0,
        "latency_ratio": 0.5,
        "latency_ratio@baseline": 2.0,
        "latency_p50_ms@float": 2.0,
        "latency_p50_ms@baseline": 0.5,
    }
    assert found["latency_ratio"].raw == pytest.approx((0.5, 0.5, 0.5))
    assert found["latency_p50_ms"].unit == "ms"
    assert len(clock.opened) == 3  # decided by the first processes
    without, _ = timed(asked(tmp_path, FASTER))
    assert "latency_ratio@baseline" not in without


def test_times_are_kept_for_the_same_files_and_options(clock, tmp_path):
    first = timed(asked(tmp_path, FASTER))
    clock.opened.clear()
    assert timed(asked(tmp_path, FASTER)) == first and clock.opened == []
    timed(asked(tmp_path, FASTER), cache=Cache(fresh=True))
    assert len(clock.opened) == 3
    timed(asked(tmp_path, FASTER), timing=replace(QUICK, num_runs=4))
    assert len(clock.opened) == 6
    (tmp_path / "int8.tflite").write_text("another", encoding="utf-8")
    timed(asked(tmp_path, FASTER))
    assert len(clock.opened) == 9


@pytest.mark.parametrize(
    ("rule", "processes"),
    [
        (FASTER, 3),
        (Rule(metric="latency_ratio", at_most=0.5), 6),  # on the limit: nobody can tell
        (Rule(metric="latency_p50_ms", at_most=1.0), 6),
        (Rule(metric="latency_p50_ms", at_most=1.5), 3),
        (Rule(metric="latency_ratio", max_loss=0.1), 3),
    ],
)
def test_more_processes_where_a_rule_is_not_decided(rule, processes, clock, tmp_path, monkeypatch):
    spread = iter([0.99, 1.0, 1.01] * 4)
    whole = timing._timed

    def unequal(slots, found, tolerance):
        made = whole(slots, found, tolerance)
        factors = [next(spread) for _ in found]
        ratios = {
            pair: tuple(v * f for v, f in zip(values, factors, strict=True))
            for pair, values in made.ratios.items()
        }
        p50_ms = {
            path: tuple(v * f for v, f in zip(values, factors, strict=True))
            for path, values in made.p50_ms.items()
        }
        return replace(made, ratios=ratios, p50_ms=p50_ms)

    monkeypatch.setattr(timing, "_timed", unequal)
    timed(asked(tmp_path, rule))
    assert len(clock.opened) == processes


def test_an_undecided_or_unsteady_time_is_not_kept(clock, tmp_path, monkeypatch):
    real = variant_times.time_pairs

    def unsteady(*arguments, **keywords):
        return replace(real(*arguments, **keywords), self_test_failed=1.2)

    monkeypatch.setattr(variant_times, "time_pairs", unsteady)
    _, noisy = timed(asked(tmp_path, FASTER))
    assert "1.200x its own time" in noisy
    clock.opened.clear()
    monkeypatch.setattr(variant_times, "time_pairs", real)
    _, noisy = timed(asked(tmp_path, FASTER))
    assert noisy == "" and clock.opened


def test_memory_is_measured_once_for_each_content(clock, tmp_path):
    files = {"candidate": tmp_path / "int8.tflite", "float": tmp_path / "float32.tflite"}
    run = RunOptions(timing=QUICK)
    first = variant_times.memories(files, Target(), run)
    assert {name: metric.value for name, metric in first.items()} == {
        "candidate": 1 << 20,
        "float": 1 << 20,
    }
    assert first["float"].raw == (1 << 20,) * 3 and first["float"].unit == "bytes"
    count = len(clock.opened)
    assert variant_times.memories(files, Target(), run) == first
    assert len(clock.opened) == count
    variant_times.memories(files, Target(num_threads=2), run)
    assert len(clock.opened) == 2 * count


def test_a_kept_time_that_is_none_is_measured_anew(clock, tmp_path, monkeypatch):
    timed(asked(tmp_path, FASTER))
    [file] = (tmp_path / "home" / "cache").glob("times-*/times.json")
    entry = file.parent.name
    cache = Cache(fresh=True)
    with cache.making(entry) as folder:  # sealed, and yet no time
        (folder / "times.json").write_text('{"ratios": [0.0], "p50_ms": [1.0]}', encoding="utf-8")
    clock.opened.clear()
    found, _ = timed(asked(tmp_path, FASTER))
    assert found["latency_ratio"].value == pytest.approx(0.5) and len(clock.opened) == 3


def test_a_file_that_is_gone_is_an_error(clock, tmp_path):
    with pytest.raises((ModelError, OSError)):
        timed(replace(asked(tmp_path, FASTER), path=tmp_path / "none.tflite"))
