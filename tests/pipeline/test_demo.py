"""The demo's table: every recipe on every runtime, and what is advised; without a conversion."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.core.errors import EnvironmentFailure, UnsupportedOperator, UsageError
from edgekit.core.records import Artifact, Target
from edgekit.pipeline import benchmark, demo, runner
from edgekit.runtimes.fake import FakeRuntime
from tests.pipeline.files import FakeSessions, converted, dense, refusing, samples

INT8 = "static_wi8_ai8"
NAMES = ["net.float32.tflite", f"net.{INT8}.tflite"]


@pytest.fixture
def sample(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A sample model that converts at once, and runtimes that are always there."""
    (tmp_path / "edgekit.toml").write_text('[data]\nevaluation = "data.npz"\n', encoding="utf-8")
    samples(tmp_path)

    def convert(model: Path, *, output: Path, **_: object) -> list[Artifact]:
        output.mkdir()
        return list(converted(output, INT8).values())

    models = {
        NAMES[0]: dense(nanoseconds=lambda _: 2e6),
        NAMES[1]: dense(nanoseconds=lambda _: 1e6),
    }
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(demo, "sample_model", lambda: tmp_path / "net.keras")
    monkeypatch.setattr(demo, "convert", convert)
    monkeypatch.setattr(demo.environments, "add", lambda target, **_: None)
    monkeypatch.setattr(demo.environments, "python_for", lambda target: Path("python"))
    monkeypatch.setattr(runner, "ParallelSession", FakeSessions(models))
    monkeypatch.setattr(benchmark, "local", FakeRuntime(models))
    return tmp_path


def test_every_file_is_measured_on_every_runtime(sample):
    measured, advice, remarks = demo.demo(sample / "out")
    labels = ["litert", demo.OLD_RUNTIME]
    assert [(one.target.label, one.artifact) for one in measured] == [
        (label, name) for label in labels for name in NAMES
    ]
    for one in measured:
        names = [metric.name for metric in one.metrics]
        assert {"top1_accuracy", "latency_p50_ms", "latency_ratio", "peak_rss_bytes"} <= set(names)
        assert len(names) == len(set(names))  # sizes, which both stages measure, stand once
    assert remarks == []
    # The faster file of the same accuracy; the first runtime alone says what to ship.
    assert advice["litert"].ship == NAMES[1]
    assert advice[demo.OLD_RUNTIME].ship is None


def test_a_file_that_a_runtime_refuses_is_a_remark(sample, monkeypatch):
    error = UnsupportedOperator("It lacks an operator.", received="GELU")
    fake = FakeSessions({NAMES[0]: dense(), NAMES[1]: refusing(error)})
    monkeypatch.setattr(runner, "ParallelSession", fake)
    measured, advice, remarks = demo.demo(sample / "out", runtimes=["litert"])
    assert [one.artifact for one in measured] == NAMES[:1]
    assert remarks == [f"litert refuses {NAMES[1]}: GELU."]
    assert list(advice) == ["litert"]


def test_a_runtime_that_cannot_be_made_is_skipped(sample, monkeypatch):
    def add(target: Target, **_: object) -> None:
        raise EnvironmentFailure("pip failed.", received="no network")

    monkeypatch.setattr(demo.environments, "add", add)
    measured, _, remarks = demo.demo(sample / "out")
    assert {one.target.label for one in measured} == {"litert"}
    assert remarks == [f"SKIPPED {demo.OLD_RUNTIME}: pip failed. no network"]
    with pytest.raises(EnvironmentFailure, match=r"pip failed\."):
        demo.demo(sample / "again", runtimes=[demo.OLD_RUNTIME])
    with pytest.raises(EnvironmentFailure, match="at least one runtime"):
        demo.demo(sample / "more", runtimes=[demo.OLD_RUNTIME, "litert==0.0.1"])


def test_an_unknown_runtime_is_refused_before_the_conversion(sample):
    with pytest.raises(UsageError):
        demo.demo(sample / "out", runtimes=["lite-rt"])
    assert not (sample / "out").exists()


def test_the_sample_model_is_found_from_anywhere_in_a_checkout(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert demo.sample_model().is_file()
