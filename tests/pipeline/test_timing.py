"""Pairs of files under a fake clock: no test here looks at a real one."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import ModelError, UsageError, WorkerCrashed
from edgekit.core.gate_rules import TimingOptions
from edgekit.core.records import Limits, Target
from edgekit.pipeline.timing import Timed, measure_memory, time_pairs
from edgekit.verdicts.ratio import Ratio

DATA = Path(__file__).parents[1] / "runtimes" / "data"
LIMIT = 1.05


class Machine:
    """A timer on which content `b"2.0"` takes 2 ms, and which is unsteady as told.

    In each process every loaded file is slower or faster by a factor of its own, of a spread of
    `between`; each time is noisy by `within`; and all files share what disturbs a round.
    `bias(process, place)` makes what was loaded in one place slower.
    """

    def __init__(self, *, between: float = 0.0, within: float = 0.0, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self.between, self.within = between, within
        self.opened: list[list[Path]] = []
        self.targets: list[Target] = []
        self.asked: list[dict[str, object]] = []
        self.closed = 0
        self.bias: Callable[[int, int], float] = lambda process, place: 1.0
        self.crash_at = -1

    def __call__(self, paths: Sequence[Path], target: Target, *, limits: Limits) -> Machine:
        self.opened.append(list(paths))
        self.targets.append(target)
        return self

    def time(self, **asked: object) -> np.ndarray:
        process = len(self.opened) - 1
        if process == self.crash_at:
            raise WorkerCrashed("The worker lives.", received="signal 11")
        self.asked.append(asked)
        paths = self.opened[-1]
        rounds = asked["num_runs"]
        assert isinstance(rounds, int)
        common = self.rng.lognormal(0, 0.3, rounds)  # what the machine does to all alike
        each = self.rng.lognormal(0, self.between, (len(paths), 1))
        noise = self.rng.lognormal(0, self.within, (len(paths), rounds))
        base = np.array(
            [[float(p.read_bytes()) * self.bias(process, i)] for i, p in enumerate(paths)]
        )
        return base * 1e6 * common * each * noise

    def peak_rss_bytes(self) -> int:
        return 1000 * len(self.opened)

    def close(self) -> None:
        self.closed += 1


def files(folder: Path, **milliseconds: str) -> dict[str, Path]:
    for name, text in milliseconds.items():
        (folder / f"{name}.tflite").write_text(text)
    return {name: folder / f"{name}.tflite" for name in milliseconds}


def run(machine: Machine, *pairs: tuple[Path, Path], **asked: Any) -> Timed:
    return time_pairs(pairs, Target(), open_timer=machine, **asked)


def undecided(pair: tuple[Path, Path]) -> Callable[[Timed], bool]:
    def ask(timed: Timed) -> bool:
        evidence = Ratio(timed.ratios[pair])
        return min(evidence.p_above(LIMIT), evidence.p_below(LIMIT)) >= 0.05

    return ask


def test_each_file_is_timed_once_and_the_first_reference_twice(tmp_path: Path) -> None:
    f = files(tmp_path, float="2.0", small="1.0", old="4.0")
    machine = Machine(within=0.0)
    pairs = [(f["small"], f["float"]), (f["small"], f["old"]), (f["old"], f["float"])]
    timed = run(machine, *pairs)
    assert machine.opened[0] == [f["float"], f["small"], f["old"], f["float"]]
    assert list(timed.ratios) == pairs
    for pair, expected in zip(pairs, (0.5, 0.25, 2.0), strict=True):
        assert timed.ratios[pair] == pytest.approx((expected,) * 5)
    assert timed.self_test == pytest.approx((1.0,) * 5)
    assert timed.self_test_failed is None and timed.reason == ""
    assert (timed.num_processes, machine.closed) == (5, 5)


def test_each_process_loads_in_another_order_and_nothing_is_mixed_up(tmp_path: Path) -> None:
    f = files(tmp_path, float="2.0", small="1.0")
    machine = Machine()
    timed = run(machine, (f["small"], f["float"]))
    names = [[path.stem for path in paths] for paths in machine.opened]
    assert names[:3] == [
        ["float", "small", "float"],
        ["small", "float", "float"],
        ["float", "float", "small"],
    ]
    assert timed.ratios[f["small"], f["float"]] == pytest.approx((0.5,) * 5)
    small, whole = timed.p50_ms[f["small"]], timed.p50_ms[f["float"]]
    assert [2 * mine for mine in small] == pytest.approx(whole)
    assert 1.5 < statistics.median(whole) < 2.6
    assert len({asked["seed"] for asked in machine.asked}) == 5  # other rounds' orders, too


def test_the_options_and_the_target_reach_each_process(tmp_path: Path) -> None:
    f = files(tmp_path, a="1.0", b="1.1")
    machine = Machine()
    options = TimingOptions(num_processes=2, num_runs=7, warmup_runs=3, min_seconds=0.1)
    target = Target(runtime="tflite-runtime", version="2.14.0", num_threads=4)
    said: list[str] = []
    time_pairs(
        [(f["b"], f["a"])], target, options=options, open_timer=machine, on_progress=said.append
    )
    assert machine.targets == [target, target]
    asked = {k: v for k, v in machine.asked[0].items() if k not in ("seed", "on_progress")}
    assert asked == {"num_runs": 7, "warmup_runs": 3, "min_seconds": 0.1}
    assert said == ["timing 3 files, process 1 of 2", "timing 3 files, process 2 of 2"]


@pytest.mark.parametrize("same_path", [True, False])
def test_a_file_against_itself_is_loaded_once_more(tmp_path: Path, same_path: bool) -> None:
    f = files(tmp_path, a="1.0", copy="1.0")
    candidate = f["a"] if same_path else f["copy"]
    machine = Machine(within=0.01)
    timed = run(machine, (candidate, f["a"]))
    assert len(machine.opened[0]) == 3
    ratios = timed.ratios[candidate, f["a"]]
    assert ratios != timed.self_test  # timed apart, not the self-test's times again
    assert ratios == pytest.approx((1.0,) * 5, rel=0.02) and set(ratios) != {1.0}
    assert set(timed.p50_ms) == {candidate, f["a"]}


def test_more_processes_only_where_few_leave_it_undecided(tmp_path: Path) -> None:
    f = files(tmp_path, a="1.0", near="1.05", far="1.5")
    for name, processes in (("far", 5), ("near", 15)):
        pair = (f[name], f["a"])
        machine = Machine(between=0.01)
        timed = run(machine, pair, undecided=undecided(pair))
        assert timed.num_processes == len(timed.ratios[pair]) == len(machine.opened) == processes
    assert [asked["seed"] for asked in machine.asked] == list(range(15))  # the first are kept


def test_it_is_asked_once_after_the_first_and_not_before(tmp_path: Path) -> None:
    f = files(tmp_path, a="1.0", b="1.0001")
    seen: list[int] = []

    def ask(timed: Timed) -> bool:
        seen.append(timed.num_processes)
        return True

    run(Machine(), (f["b"], f["a"]), undecided=ask)
    assert seen == [5, 15]


def test_a_machine_that_differs_from_itself_is_not_believed(tmp_path: Path) -> None:
    f = files(tmp_path, a="1.0", b="2.0")
    machine = Machine(within=0.02)
    # The twin is the last of three to be listed; it lies here after turning by the process.
    machine.bias = lambda process, place: 1.03 if (place + process) % 3 == 2 else 1.0
    timed = run(machine, (f["b"], f["a"]))
    assert timed.num_processes == 15
    assert timed.self_test_failed == pytest.approx(1.03, abs=0.005)
    assert f"in 15 processes, took {timed.self_test_failed:.3f}x its own" in timed.reason


def test_a_self_test_that_recovers_is_believed(tmp_path: Path) -> None:
    f = files(tmp_path, a="1.0", b="2.0")
    machine = Machine()
    machine.bias = lambda process, place: (
        1.05 if process < 4 and (place + process) % 3 == 2 else 1.0
    )
    timed = run(machine, (f["b"], f["a"]))
    assert timed.num_processes == 15
    assert timed.self_test_failed is None


def test_one_disturbed_process_is_no_reason_to_refuse(tmp_path: Path) -> None:
    f = files(tmp_path, a="1.0", b="2.0")
    machine = Machine()
    machine.bias = lambda process, place: 1.4 if process == 3 and place == 0 else 1.0
    timed = run(machine, (f["b"], f["a"]))
    assert timed.num_processes == 5
    assert timed.self_test_failed is None


def test_simulated_gates_at_the_margin_err_no_more_than_one_time_in_twenty(tmp_path: Path) -> None:
    f = files(tmp_path, a="1.0", at="1.05", slow="1.1", same="1.0")
    options = TimingOptions(num_runs=15)
    count = 300
    found: dict[str, list[str]] = {"at": [], "slow": [], "same": []}
    for name, verdicts in found.items():
        pair = (f[name], f["a"])
        for seed in range(count):
            machine = Machine(between=0.008, within=0.03, seed=seed)
            timed = run(machine, pair, options=options, undecided=undecided(pair))
            evidence = Ratio(timed.ratios[pair])
            if timed.self_test_failed is not None:
                verdicts.append("refused")
            elif evidence.p_above(LIMIT) < 0.05:
                verdicts.append("fail")
            else:
                verdicts.append("pass" if evidence.p_below(LIMIT) < 0.05 else "inconclusive")
    # Three standard deviations above the 5 % that the level allows.
    assert found["at"].count("fail") <= 0.088 * count
    assert found["at"].count("pass") <= 0.088 * count
    assert found["same"].count("fail") == 0
    assert found["same"].count("pass") >= 0.99 * count
    assert found["slow"].count("fail") >= 0.95 * count
    assert found["slow"].count("pass") == 0


def test_a_crash_is_the_gate_s_error_and_ends_the_process(tmp_path: Path) -> None:
    f = files(tmp_path, a="1.0", b="1.0001")
    machine = Machine()
    machine.crash_at = 2
    with pytest.raises(WorkerCrashed, match="signal 11"):
        run(machine, (f["b"], f["a"]))
    assert machine.closed == len(machine.opened) == 3


@pytest.mark.parametrize(
    "options",
    [
        TimingOptions(num_processes=0),
        TimingOptions(max_processes=0),
        TimingOptions(num_runs=0),
        TimingOptions(warmup_runs=-1),
        TimingOptions(tolerance=0.0),
    ],
)
def test_senseless_options(tmp_path: Path, options: TimingOptions) -> None:
    f = files(tmp_path, a="1.0")
    with pytest.raises(UsageError):
        run(Machine(), (f["a"], f["a"]), options=options)


def test_nothing_to_time(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="candidate and a reference"):
        run(Machine())
    f = files(tmp_path, a="1.0")
    with pytest.raises(ModelError, match="was not found"):
        run(Machine(), (tmp_path / "missing.tflite", f["a"]))


def test_fewer_processes_in_all_than_at_first_are_no_second_look(tmp_path: Path) -> None:
    f = files(tmp_path, a="1.0", b="1.0001")
    options = TimingOptions(num_processes=4, max_processes=2)
    timed = run(Machine(), (f["b"], f["a"]), options=options, undecided=lambda _: True)
    assert timed.num_processes == 4


def test_memory_is_that_of_several_processes(tmp_path: Path) -> None:
    a = files(tmp_path, a="1.0")["a"]
    machine = Machine()
    metric = measure_memory(a, Target(), open_timer=machine)
    # 1000 bytes for each process that was ever opened: each measurement had its own.
    assert metric.raw == (1000.0, 2000.0, 3000.0)
    assert (metric.name, metric.value, metric.unit) == ("peak_rss_bytes", 2000.0, "bytes")
    assert machine.closed == 3
    with pytest.raises(UsageError, match="at least 1"):
        measure_memory(a, Target(), processes=0, open_timer=machine)


def test_a_real_file_on_the_real_runtime() -> None:
    path = DATA / "ids.tflite"
    options = TimingOptions(
        num_processes=2, max_processes=2, num_runs=5, warmup_runs=1, min_seconds=0, tolerance=1e9
    )
    timed = time_pairs([(path, path)], Target(), options=options)
    assert len(timed.ratios[path, path]) == len(timed.self_test) == timed.num_processes == 2
    assert all(ms > 0 for ms in timed.p50_ms[path])
    peak = measure_memory(path, Target(), processes=2)
    assert len(peak.raw) == 2 and peak.value > 10 << 20
