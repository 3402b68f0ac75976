from __future__ import annotations

import os
from pathlib import Path

from edgekit.core.records import Limits, Target, TensorSpec
from edgekit.measure.machine import describe_host
from edgekit.measure.peak_memory import peak_memory
from edgekit.runtimes import local
from edgekit.runtimes.fake import FakeModel, FakeRuntime

DATA = Path(__file__).parents[1] / "runtimes" / "data"


def test_peak_memory_of_a_fake_file() -> None:
    spec = TensorSpec(name="x", shape=(1, 2), dtype="float32")
    model = FakeModel((spec,), (spec,), dict, peak_rss_bytes=12345)
    runtime = FakeRuntime({"a": model})
    metric = peak_memory(Path("a"), Target(), open_timer=runtime.open_timer, limits=Limits())
    assert (metric.name, metric.value, metric.unit, metric.better) == (
        "peak_rss_bytes",
        12345,
        "bytes",
        "lower",
    )


def test_peak_memory_is_the_workers_own_not_its_parents() -> None:
    # Touched, so that it is resident here; a child's ru_maxrss would start at this size.
    ballast = bytearray(os.urandom(1 << 20)) * 400
    limits = Limits(seconds=60)
    path = DATA / "ids.tflite"
    metric = peak_memory(path, Target(), open_timer=local.open_timer, limits=limits)
    assert len(ballast) == 400 << 20
    assert 20 << 20 < metric.value < 200 << 20


def test_this_machine_is_described() -> None:
    described = describe_host()
    assert described == describe_host()
    assert described.cores >= 1
    assert all((described.machine, described.system, described.cpu, described.python))
