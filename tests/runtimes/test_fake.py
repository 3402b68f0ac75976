"""The runtime without models: what tests of other parts build on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import ModelError
from edgekit.core.records import Limits, Target, TensorSpec
from edgekit.runtimes.fake import FakeModel, FakeRuntime, FakeSession

X = TensorSpec(name="x", shape=(1, 2), dtype="float32")
Y = TensorSpec(name="y", shape=(1, 2), dtype="float32")
DOUBLE = FakeModel((X,), (Y,), lambda x: {"y": 2 * x["x"]}, lambda number: 1e6 + number, 7)


def test_a_function_runs_on_each_sample() -> None:
    lines: list[str] = []
    session = FakeSession(DOUBLE)
    x = np.arange(6, dtype=np.float32).reshape(3, 2)
    with session:
        np.testing.assert_array_equal(session.run({"x": x}, lines.append)["y"], 2 * x)
    assert lines == ["3 of 3 samples"]
    assert session.closed


def test_the_clock_is_the_models_own() -> None:
    runtime = FakeRuntime({"a": DOUBLE, "b": FakeModel((X,), (Y,), DOUBLE.function)})
    with runtime.open_timer([Path("b"), Path("in/a")], Target(), limits=Limits()) as timer:
        times = timer.time(warmup_runs=0, num_runs=3, min_seconds=9.0, seed=0)
        assert timer.peak_rss_bytes() == 1 << 20
    np.testing.assert_array_equal(times, [[1e6] * 3, [1e6, 1e6 + 1, 1e6 + 2]])


def test_a_file_that_no_fake_stands_for_is_missing() -> None:
    with pytest.raises(ModelError, match="not found") as caught:
        FakeRuntime({"a": DOUBLE}).open_session(Path("b"), Target(), limits=Limits())
    assert caught.value.received == "b"
