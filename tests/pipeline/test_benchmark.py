"""What is timed against what, and what is said of it: under a fake clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.core.errors import EnvironmentFailure, ModelError, UsageError
from edgekit.core.records import BenchmarkOptions, Measurement, Target
from edgekit.pipeline import benchmark as benchmarks
from edgekit.pipeline.benchmark import benchmark
from edgekit.runtimes.fake import FakeRuntime
from tests.pipeline.files import times

QUICK = BenchmarkOptions(warmup_runs=0, num_runs=5, num_processes=2, min_seconds=0.0)
# Milliseconds of each file.
MS = {"net.float32.tflite": 2.0, "net.int8.tflite": 1.0, "slow.tflite": 5.0}


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    models = {name: times(1.0, ms * 1e6) for name, ms in MS.items()}
    monkeypatch.setattr(benchmarks, "local", FakeRuntime(models))
    for name in MS:
        (tmp_path / name).write_bytes(name.encode() * 10)
    return {name: tmp_path / name for name in MS}


def timed(*paths: Path, **how: object) -> list[Measurement]:
    return benchmark(paths, options=QUICK, **how)


def value(measured: Measurement, name: str) -> float:
    metric = measured.metric(name)
    assert metric is not None
    return metric.value


def test_ratios_are_against_the_float_file_wherever_it_stands(files):
    int8, floating, slow = timed(
        files["net.int8.tflite"], files["net.float32.tflite"], files["slow.tflite"]
    )
    assert [one.artifact for one in (int8, floating, slow)] == [
        "net.int8.tflite",
        "net.float32.tflite",
        "slow.tflite",
    ]
    assert [value(one, "latency_ratio") for one in (int8, floating, slow)] == pytest.approx(
        [0.5, 1.0, 2.5]
    )
    assert [value(one, "latency_p50_ms") for one in (int8, floating, slow)] == [1.0, 2.0, 5.0]
    assert value(int8, "size_bytes") == len("net.int8.tflite") * 10
    assert value(int8, "peak_rss_bytes") == 1 << 20


def test_another_reference_may_be_named(files):
    floating, int8 = timed(
        files["net.float32.tflite"],
        files["net.int8.tflite"],
        reference=files["net.int8.tflite"],
    )
    assert (value(floating, "latency_ratio"), value(int8, "latency_ratio")) == pytest.approx((2, 1))


def test_a_slower_file_is_said_to_be(files):
    _, slow = timed(files["net.float32.tflite"], files["slow.tflite"])
    assert slow.notes == ("slow.tflite is 2.50x slower than net.float32.tflite on litert here.",)
    _, int8 = timed(files["net.float32.tflite"], files["net.int8.tflite"])
    assert int8.notes == ()


def test_each_target_times_all_files_with_its_threads(files, monkeypatch):
    old = Target(runtime="tflite-runtime", version="2.14.0")
    monkeypatch.setattr(benchmarks.environments, "python_for", lambda target: Path("python"))
    options = BenchmarkOptions(num_runs=3, num_processes=1, min_seconds=0.0, num_threads=2)
    found = benchmark(
        [files["net.float32.tflite"], files["slow.tflite"]],
        targets=[Target(), old],
        options=options,
    )
    assert [one.target.title for one in found] == [
        "litert, 2 threads",
        "litert, 2 threads",
        "tflite-runtime==2.14.0, 2 threads",
        "tflite-runtime==2.14.0, 2 threads",
    ]
    assert "on x86 that runtime has no accelerated int8 kernels" in found[3].notes[0]


def test_what_cannot_be_timed_is_refused_before_anything_slow(files, tmp_path):
    with pytest.raises(UsageError, match="at least one"):
        benchmark([])
    with pytest.raises(ModelError):
        timed(tmp_path / "none.tflite")
    with pytest.raises(UsageError, match="--reference"):
        timed(files["slow.tflite"], reference=files["net.int8.tflite"])
    with pytest.raises(EnvironmentFailure):
        timed(files["slow.tflite"], targets=[Target(runtime="litert", version="0.0.1")])
