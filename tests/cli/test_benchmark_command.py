"""`edgekit benchmark`: what options become, and what is shown."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edgekit.cli.benchmark_command import benchmark as command
from edgekit.core.errors import UsageError
from edgekit.core.records import BenchmarkOptions, Limits, Metric
from edgekit.pipeline import benchmark as pipeline
from tests.cli.commands import invoke, measurement

TIMES = (
    Metric(name="latency_p50_ms", value=1.25, unit="ms", better="lower", raw=(1.2, 1.3)),
    Metric(name="size_bytes", value=1000, unit="B", better="lower"),
)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the pipeline was asked for."""
    seen: dict[str, Any] = {}

    def benchmark(files: tuple[Path, ...], **how: Any) -> list[Any]:
        seen.update(how, files=files)
        how["on_progress"]("timing")
        return [measurement(path.name, metrics=TIMES, notes=("Slow.",)) for path in files]

    monkeypatch.setattr(pipeline, "benchmark", benchmark)
    return seen


def test_without_options_the_records_defaults_hold(asked):
    result = invoke(command, "a.tflite")
    assert asked["files"] == (Path("a.tflite"),)
    assert asked["options"] == BenchmarkOptions() and asked["limits"] == Limits()
    assert [target.label for target in asked["targets"]] == ["litert"]
    assert asked["reference"] is None
    assert "p50 ms" in result.stdout and "1.25" in result.stdout
    assert result.stderr.splitlines() == ["edgekit: timing", "Note: Slow."]


def test_every_option_reaches_the_pipeline(asked):
    invoke(
        command,
        *"a.tflite b.tflite --runtime litert --runtime tflite-runtime==2.14.0".split(),
        *"--reference b.tflite --num-threads 2 --num-runs 9 --warmup-runs 0".split(),
        *"--num-processes 1 --timeout 5 --memory-limit 1".split(),
    )
    assert asked["options"] == BenchmarkOptions(
        num_threads=2, num_runs=9, warmup_runs=0, num_processes=1
    )
    assert [t.label for t in asked["targets"]] == ["litert", "tflite-runtime==2.14.0"]
    assert asked["reference"] == Path("b.tflite")
    assert asked["limits"] == Limits(seconds=5, memory_bytes=2**30)


def test_json_is_all_that_standard_output_holds(asked):
    result = invoke(command, "a.tflite", "--json")
    [one] = json.loads(result.stdout)
    assert [metric["name"] for metric in one["metrics"]] == ["latency_p50_ms", "size_bytes"]
    assert "raw" not in one["metrics"][0]


def test_an_unknown_runtime_is_refused(asked):
    with pytest.raises(UsageError):
        invoke(command, "a.tflite", "--runtime", "lite-rt")
    assert asked == {}
