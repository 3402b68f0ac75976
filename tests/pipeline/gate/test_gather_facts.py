"""Facts of what was measured: with metrics that are computed again, times and memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import serde
from edgekit.core.baseline_record import Baseline
from edgekit.core.errors import WorkerCrashed
from edgekit.core.gate_rules import Rule
from edgekit.core.project import Data, Project
from edgekit.core.records import Artifact, Host, Measurement, Metric, Target
from edgekit.pipeline.gate import gather_facts, variant_times
from edgekit.pipeline.gate.measure_variants import Measured, Measuring
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.pipeline.gate.variant_times import Asked
from edgekit.verdicts.facts import Facts
from tests.pipeline.files import converted

INT8 = "static_wi8_ai8"
HOST = Host(machine="m", system="Linux", cpu="x86_64", cores=2, python="3.12")
ACCURACY = Metric(name="top1_accuracy", value=0.9, better="higher", raw=(1.0, 0.0))
AUC = Metric(name="auc", value=0.5, better="higher", statistic="whole")
LATENCY = Rule(metric="latency_ratio", at_most=1.0)
AGAINST_BASELINE = Rule(metric="latency_ratio", max_loss=0.1, against="baseline")
MEMORY = Rule(metric="peak_rss_bytes", max_loss=0.1)


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Artifact]:
    return converted(tmp_path, INT8)


def measured(artifact: Artifact, *metrics: Metric, **more: object) -> Measured:
    measurement = Measurement(
        artifact=artifact.recipe.name,
        artifact_sha256=artifact.sha256,
        samples_sha256="1",
        num_samples=2,
        target=Target(),
        host=HOST,
        metrics=metrics,
    )
    return Measured(measurement=measurement, reference=(ACCURACY,), **more)


def gathered(made: dict[str, Artifact], *metrics: Metric, **more: object) -> list[Facts]:
    found = {(name, Target()): measured(one, *metrics, **more) for name, one in made.items()}
    measuring = Measuring(Project(), made, RunOptions())
    return gather_facts.gather(made, found, measuring, {})


def test_facts_are_of_the_file_and_of_what_it_computed(made):
    floating, int8 = gathered(made, ACCURACY, plain=("SOFTMAX",), problem="")
    assert (floating.variant, int8.variant) == ("float32", INT8)
    assert (floating.is_float, int8.is_float) == (True, False)
    assert "FULLY_CONNECTED" in int8.operators and int8.oldest_runtime == "2.3.0"
    assert int8.measurement.metric("top1_accuracy") == ACCURACY
    assert int8.of_float("top1_accuracy") == ACCURACY
    assert int8.plain == ("SOFTMAX",) and int8.recompute == {}


def test_metrics_of_whole_outputs_are_computed_again_on_draws(made, tmp_path):
    x = np.zeros((4, 12), np.float32)
    np.savez(tmp_path / "data.npz", x=x, y=np.array([0, 1, 2, 3]))
    project = Project(file=tmp_path / "edgekit.toml", data=Data(evaluation="data.npz"))
    one = {INT8: made[INT8]}
    top1 = replace(AUC, name="top1_accuracy")
    rows = np.eye(8, dtype=np.float32)
    outputs = {"candidate/y": rows[[0, 1, 0, 0]], "float/y": rows[[0, 1, 2, 0]]}
    old = {f"{INT8}/litert/y": rows[[7, 7, 7, 3]], "other/litert/y": rows[:4]}
    found = {(INT8, Target()): measured(made[INT8], top1, outputs=outputs)}
    [facts] = gather_facts.gather(one, found, Measuring(project, one, RunOptions()), old)
    compute = facts.recompute["top1_accuracy"]
    every = np.arange(4)
    assert [compute[who](every) for who in ("candidate", "float", "baseline")] == [0.5, 0.75, 0.25]
    assert compute["candidate"](np.array([0, 0, 1])) == 1.0
    assert compute["baseline"](np.array([3])) == 1.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[Asked]:
    """What was timed; everything takes half of the float file's time and a thousand bytes."""
    seen: list[Asked] = []

    def times(
        asked: Sequence[Asked], target: Target, run: RunOptions
    ) -> tuple[dict[str, tuple[Metric, ...]], str]:
        seen.extend(asked)
        ratio = Metric(name="latency_ratio", value=0.5, better="lower", raw=(0.5,) * 5)
        return {one.variant: (ratio,) for one in asked}, "noisy" if run.unsafe else ""

    def memories(files: dict[str, Path], target: Target, run: RunOptions) -> dict[str, Metric]:
        return {name: Metric(name="peak_rss_bytes", value=1000.0, better="lower") for name in files}

    monkeypatch.setattr(variant_times, "times", times)
    monkeypatch.setattr(variant_times, "memories", memories)
    return seen


def timed(
    made: dict[str, Artifact],
    *rules: Rule,
    baseline: Baseline | None = None,
    path: Path = Path("baseline.json"),
    facts: Sequence[Facts] | None = None,
    noisy: bool = False,
) -> list[Facts]:
    project = Project(rule=rules)
    return gather_facts.timed(
        facts or gathered(made), project, made, baseline, path, RunOptions(unsafe=noisy)
    )


def test_only_what_a_rule_asks_for_is_timed(made, clock):
    assert all(not one.measurement.metrics for one in timed(made, Rule(metric="size_bytes")))
    assert clock == []
    rule = replace(LATENCY, variants=(INT8,))
    floating, int8 = timed(made, rule)
    assert [one.variant for one in clock] == [INT8]
    assert clock[0].rules == (rule,) and clock[0].reference == Path(made["float32"].path)
    assert floating.measurement.metrics == ()
    assert [metric.name for metric in int8.measurement.metrics] == ["latency_ratio"]


def test_a_float_file_is_not_timed_against_itself(made, clock):
    floating, int8 = timed(made, LATENCY)
    assert [one.variant for one in clock] == [INT8]
    assert floating.noisy == int8.noisy == ""


def test_noise_is_of_those_that_were_timed(made, clock):
    floating, int8 = timed(made, LATENCY, noisy=True)
    assert (floating.noisy, int8.noisy) == ("", "noisy")


def test_a_crash_while_timing_leaves_the_rest(made, clock, monkeypatch):
    def crash(*_: object) -> None:
        raise WorkerCrashed("It crashed.", received="SIGSEGV")

    monkeypatch.setattr(variant_times, "times", crash)
    _, int8 = timed(made, LATENCY, MEMORY)
    assert (int8.untimed, int8.problem) == ("It crashed. SIGSEGV", "")
    assert int8.measurement.metric("peak_rss_bytes") is not None


def test_memory_is_of_the_variant_and_of_its_float_file(made, clock, monkeypatch):
    _, int8 = timed(made, MEMORY)
    metric, reference = int8.measurement.metric("peak_rss_bytes"), int8.of_float("peak_rss_bytes")
    assert metric is not None and reference is not None
    assert (metric.value, reference.value) == (1000.0, 1000.0)

    def crash(*_: object) -> None:
        raise WorkerCrashed("It crashed.")

    monkeypatch.setattr(variant_times, "memories", crash)
    assert timed(made, MEMORY)[1].problem == "It crashed."


def test_what_could_not_run_is_not_timed(made, clock):
    facts = [replace(one, problem="damaged") for one in gathered(made)]
    assert timed(made, LATENCY, MEMORY, facts=facts) == facts
    assert clock == []


def test_a_baselines_file_is_timed_where_it_is_the_one_that_was_measured(made, clock, tmp_path):
    path = tmp_path / "baseline.json"
    old = gather_facts.baseline_file(path, INT8)
    assert old.name == f"baseline.{INT8}.tflite"
    old.write_bytes(b"an older file")
    before = replace(gathered(made)[1].measurement, artifact_sha256=serde.sha256(old))
    baseline = Baseline(model="net", measurements=(before,))
    timed(made, AGAINST_BASELINE, baseline=baseline, path=path)
    assert [one.baseline for one in clock if one.variant == INT8] == [old]
    clock.clear()
    old.write_bytes(b"changed since")
    timed(made, AGAINST_BASELINE, baseline=baseline, path=path)
    assert {one.baseline for one in clock} <= {None}
