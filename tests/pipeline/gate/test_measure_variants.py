"""What variants compute: run once, kept, and what goes wrong with one costs the others nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import project as projects
from edgekit.core.errors import DataError, UnsupportedOperator, WorkerCrashed
from edgekit.core.project import Project
from edgekit.core.records import Target
from edgekit.pipeline import runner
from edgekit.pipeline.gate import measure_variants
from edgekit.pipeline.gate.measure_variants import Measured, Measuring
from edgekit.pipeline.gate.run_options import RunOptions
from edgekit.runtimes.fake import FakeRuntime
from tests.pipeline.files import FakeSessions, converted, dense, refusing, samples

INT8 = "static_wi8_ai8"
HERE = Target()
MODELS = {
    "net.float32.tflite": dense(),
    "net.float16.tflite": dense(2.0),
    f"net.{INT8}.tflite": dense(-1.0),
}


@pytest.fixture
def sessions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeSessions]:
    """`sessions(NAME=FILE...)`: those files in place of the usual ones."""
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))

    def use(**changed: object) -> FakeSessions:
        files = {f"net.{name}.tflite": model for name, model in changed.items()}
        fake = FakeSessions({**MODELS, **files})
        monkeypatch.setattr(runner, "ParallelSession", fake)
        monkeypatch.setattr(measure_variants, "local", FakeRuntime(MODELS))
        return fake

    return use


@pytest.fixture
def project(tmp_path: Path) -> Callable[..., Project]:
    samples(tmp_path)

    def load(*metrics: str, evaluation: bool = True, metric: str = "") -> Project:
        lines = [f'metric = "{metric}"'] * bool(metric)
        lines += ["[data]", 'evaluation = "data.npz"'] * evaluation
        for name in metrics:
            lines += ["[[rule]]", f'metric = "{name}"', "max_loss = 0.1"]
        (tmp_path / "edgekit.toml").write_text("\n".join(lines), encoding="utf-8")
        return projects.load(tmp_path / "edgekit.toml")

    return load


def measured(project: Project, *variants: str) -> dict[str, Measured]:
    assert project.file is not None
    made = converted(project.file.parent, "float16", INT8)
    measuring = Measuring(project, {name: made[name] for name in variants}, RunOptions())
    found = measuring.measure([(name, HERE) for name in variants])
    assert all(target == HERE for _, target in found)
    return {name: one for (name, _), one in found.items()}


def value(one: Measured, name: str) -> float:
    metric = one.measurement.metric(name)
    assert metric is not None
    return metric.value


def test_each_variant_is_measured_beside_its_float_file(project, sessions):
    log = sessions().log
    found = measured(project(), "float16", INT8)
    assert list(found) == ["float16", INT8]
    assert value(found["float16"], "top1_accuracy") == 1.0
    assert value(found[INT8], "top1_accuracy") == 0.0
    for name, one in found.items():
        assert one.measurement.artifact == name and one.measurement.num_samples == 40
        assert one.measurement.runtime_version == "0" and one.plain == ()
        reference = {metric.name: metric.value for metric in one.reference}
        assert reference["top1_accuracy"] == 1.0 and reference["size_bytes"] > 0
    assert log.count("run net.float32.tflite on litert") == 1


def test_what_was_measured_is_kept_with_its_values(project, sessions):
    log = sessions().log
    first = measured(project(), "float16")["float16"]
    log.clear()
    again = measured(project(), "float16")["float16"]
    assert log == []
    assert again.measurement == first.measurement and again.reference == first.reference
    metric = again.measurement.metric("top1_accuracy")
    assert metric is not None and metric.raw == (1.0,) * 40


def test_other_samples_metrics_and_files_are_measured_anew(project, sessions, tmp_path):
    sessions()
    measured(project(), "float16")
    samples(tmp_path, 30)
    log = sessions().log
    assert measured(project(), "float16")["float16"].measurement.num_samples == 30
    assert "run net.float16.tflite on litert" in log
    log.clear()
    assert value(measured(project("top5_accuracy"), "float16")["float16"], "top5_accuracy") == 1.0
    assert "run net.float16.tflite on litert" in log


def test_a_crash_is_that_variants_problem_and_is_not_kept(project, sessions):
    sessions(float16=refusing(WorkerCrashed("It crashed.", received="SIGSEGV")))
    found = measured(project(), "float16", INT8)
    assert found["float16"].problem == "It crashed. SIGSEGV"
    assert found["float16"].measurement.metric("top1_accuracy") is None
    assert value(found[INT8], "top1_accuracy") == 0.0
    sessions()
    assert value(measured(project(), "float16")["float16"], "top1_accuracy") == 1.0


def test_an_operator_that_is_lacking_is_a_failure(project, sessions):
    sessions(float16=refusing(UnsupportedOperator("It lacks one.", received="GELU")))
    one = measured(project(), "float16")["float16"]
    assert (one.measurement.failure, one.problem, one.plain) == ("GELU", "", None)


def test_without_samples_sizes_and_kernels_are_all(project, sessions):
    log = sessions().log
    one = measured(project(evaluation=False), "float16")["float16"]
    names = [metric.name for metric in one.measurement.metrics]
    assert names == ["size_bytes", "compressed_bytes"]
    assert (one.measurement.num_samples, one.plain, log) == (0, (), [])


def test_without_labels_no_metric_of_them_is_asked_for(project, sessions, tmp_path):
    sessions()
    described = project("top1_accuracy", metric="top1_accuracy")
    samples(tmp_path, labels=False)
    one = measured(described, "float16")["float16"]
    assert one.problem == "" and one.measurement.metric("sqnr_db") is not None
    assert one.measurement.metric("top1_accuracy") is None


def test_samples_of_one_class_judge_nothing(project, sessions, tmp_path):
    sessions()
    with np.load(tmp_path / "data.npz") as arrays:
        x = arrays["x"]
    np.savez(tmp_path / "data.npz", x=x, y=np.full(40, 3))
    one = measured(project(), "float16")["float16"]
    assert "several classes" in one.problem


def test_whole_outputs_are_kept_for_metrics_of_all_samples(
    project, sessions, tmp_path, monkeypatch
):
    sessions()
    text = (
        "import numpy as np\ndef spread(outputs, labels):\n    return float(np.std(outputs['y']))\n"
    )
    (tmp_path / "own_metric.py").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    one = measured(project("own_metric:spread"), "float16")["float16"]
    np.testing.assert_allclose(one.outputs["candidate/y"], 2 * one.outputs["float/y"])
    assert measured(project(), INT8)[INT8].outputs == {}


def test_variants_of_one_content_run_once(project, sessions, tmp_path):
    log = sessions().log
    made = converted(tmp_path, "float16")
    (tmp_path / "twin").mkdir()
    twin = converted(tmp_path / "twin", "float16")["float16"]
    measuring = Measuring(project(), {"a": made["float16"], "b": twin}, RunOptions())
    found = measuring.measure([("a", HERE), ("b", HERE)])
    assert [one.measurement.artifact for one in found.values()] == ["a", "b"]
    assert [line for line in log if line.startswith("open")] == [
        "open net.float32.tflite on litert, 1",
        "open net.float16.tflite on litert, 1",
    ]


def test_samples_that_are_not_there_end_the_gate(project, sessions, tmp_path):
    sessions()
    described = project()
    (tmp_path / "data.npz").unlink()
    with pytest.raises(DataError):
        measured(described, "float16")
