"""Each file on each runtime, against labels and against its float file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import DataError, EnvironmentFailure, UnsupportedOperator, UsageError
from edgekit.core.records import Artifact, Measurement, Target
from edgekit.pipeline import runner
from edgekit.pipeline import validate as validating
from edgekit.pipeline.validate import ValidateOptions, validate
from tests.pipeline.files import FakeSessions, converted, dense, refusing, samples

OLD = Target(runtime="tflite-runtime", version="2.14.0")
INT8 = "static_wi8_ai8"


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own: fakes of one file give other things in other tests."""
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def made(tmp_path: Path) -> dict[str, Artifact]:
    return converted(tmp_path, "float16", INT8)


@pytest.fixture
def data(tmp_path: Path) -> str:
    return str(samples(tmp_path))


@pytest.fixture
def sessions(monkeypatch: pytest.MonkeyPatch) -> FakeSessions:
    """The float file is right; float16 outputs are doubled; int8 ones have the wrong sign."""
    fake = FakeSessions(
        {
            "net.float32.tflite": dense(),
            "net.float16.tflite": dense(2.0),
            f"net.{INT8}.tflite": dense(-1.0),
        }
    )
    monkeypatch.setattr(runner, "ParallelSession", fake)
    monkeypatch.setattr(validating.environments, "python_for", lambda target: Path("python"))
    return fake


def value(measured: Measurement, name: str) -> float:
    metric = measured.metric(name)
    assert metric is not None
    return metric.value


def test_every_file_on_every_target_in_that_order(made, data, sessions):
    files = [made["float32"].path, made[INT8].path]
    found = validate(files, data=data, targets=[Target(), OLD])
    assert [(one.artifact, one.target.label) for one in found] == [
        ("net.float32.tflite", "litert"),
        ("net.float32.tflite", OLD.label),
        (f"net.{INT8}.tflite", "litert"),
        (f"net.{INT8}.tflite", OLD.label),
    ]
    assert [value(one, "top1_accuracy") for one in found] == [1.0, 1.0, 0.0, 0.0]
    assert [value(one, "agreement") for one in found] == [1.0, 1.0, 0.0, 0.0]
    assert {one.num_samples for one in found} == {40}
    assert len({one.samples_sha256 for one in found}) == 1 and found[0].samples_sha256
    # The float file is everybody's reference: on LiteRT it ran once.
    assert sessions.log.count("run net.float32.tflite on litert") == 1


def test_fidelity_is_against_the_float_file_on_litert(made, data, sessions):
    [half] = validate([made["float16"].path], data=data)
    # Twice the output: what is off is as large as what should be there.
    assert value(half, "pooled_sqnr_db") == pytest.approx(0.0, abs=1e-5)
    assert value(half, "sqnr_db") < 0.0
    assert value(half, "agreement") == 1.0


def test_another_float_file_may_be_named(made, data, sessions):
    [half] = validate(
        [made["float16"].path],
        data=data,
        options=ValidateOptions(reference=Path(made["float16"].path)),
    )
    assert value(half, "sqnr_db") == np.inf


def test_a_runtime_without_an_operator_fails_that_measurement_alone(made, data, monkeypatch):
    lacking = refusing(UnsupportedOperator("It lacks an operator.", received="GELU"))
    fake = FakeSessions({"net.float32.tflite": dense(), f"net.{INT8}.tflite": lacking})
    monkeypatch.setattr(runner, "ParallelSession", fake)
    floating, int8 = validate([made["float32"].path, made[INT8].path], data=data)
    assert floating.failure is None and value(floating, "top1_accuracy") == 1.0
    assert (int8.failure, int8.metrics) == ("GELU", ())


def test_a_part_of_the_samples_is_drawn_by_a_seed(made, data, sessions):
    def drawn(seed: int) -> str:
        options = ValidateOptions(limit=10, seed=seed)
        [found] = validate([made["float32"].path], data=data, options=options)
        assert found.num_samples == 10
        return found.samples_sha256

    assert drawn(1) == drawn(1) != drawn(2)


def test_files_share_out_jobs(made, data, sessions):
    validate([made["float32"].path], data=data, options=ValidateOptions(jobs=3))
    assert sessions.log[0] == "open net.float32.tflite on litert, 3"


def test_samples_that_calibrated_are_noted(tmp_path, data, sessions):
    from edgekit.data import npz
    from edgekit.data.samples import Samples

    digests = Samples(inputs={"x": npz.read(Path(data))["x"]}).digests()
    made = converted(tmp_path, INT8, calibration_digests=" ".join(digests[:5]))
    [found] = validate([made[INT8].path], data=data)
    assert any("5 of 40 evaluation samples were used for calibration" in n for n in found.notes)


def test_the_float_file_itself_has_no_errors_by_layer(made, data, sessions):
    [found] = validate([made["float32"].path], data=data, options=ValidateOptions(layers=True))
    assert found.layers == ()
    assert "it has no errors by layer" in found.notes[-1]


def test_layers_are_of_the_first_target_of_each_file(made, data, sessions, monkeypatch):
    monkeypatch.setattr(
        validating.measure_layers, "measure_layers", lambda path, *_, **__: ((), f"of {path.name}")
    )
    files = [made["float32"].path, made[INT8].path]
    options = ValidateOptions(layers=True)
    found = validate(files, data=data, targets=[Target(), OLD], options=options)
    assert [one.notes[-1:] for one in found] == [
        ("of net.float32.tflite",),
        (),
        (f"of net.{INT8}.tflite",),
        (),
    ]


@pytest.mark.parametrize(
    ("how", "kind", "words"),
    [
        ({"options": ValidateOptions(jobs=0)}, UsageError, "jobs 0, seed 0"),
        ({"options": ValidateOptions(seed=-1)}, UsageError, "jobs 1, seed -1"),
        ({"metric": "top1_acuracy"}, UsageError, "top1_accuracy"),
        ({"targets": [Target(version="0.0.1")]}, EnvironmentFailure, "runtime add"),
    ],
)
def test_what_cannot_be_measured_is_refused(made, data, how, kind, words, monkeypatch):
    fake = FakeSessions({"net.float32.tflite": dense()})
    monkeypatch.setattr(runner, "ParallelSession", fake)
    with pytest.raises(kind) as caught:
        validate([made["float32"].path], data=data, **how)
    assert words in str(caught.value)
    assert not any(line.startswith("run ") for line in fake.log)


def test_files_and_data_must_be_there(made, tmp_path, sessions):
    with pytest.raises(UsageError, match="at least one"):
        validate([], data="data.npz")
    with pytest.raises(DataError, match="not found"):
        validate([made["float32"].path], data=str(tmp_path / "none.npz"))


def test_layers_need_a_float_file_before_anything_runs(made, data, sessions):
    Path(made["float32"].path).unlink()
    with pytest.raises(UsageError, match="--layers"):
        validate([made[INT8].path], data=data, options=ValidateOptions(layers=True))
    assert sessions.log == []


def test_the_float_file_runs_once_for_the_same_samples(made, data, sessions):
    first, again = (validate(made[INT8].path, data=data) for _ in range(2))
    assert [m.value for m in first[0].metrics] == [m.value for m in again[0].metrics]
    assert sessions.log.count("run net.float32.tflite on litert") == 1
    assert sessions.log.count(f"run net.{INT8}.tflite on litert") == 2


def test_the_float_file_runs_again_for_other_samples_or_when_it_is_another(made, data, sessions):
    validate(made[INT8].path, data=data)
    validate(made[INT8].path, data=data, options=ValidateOptions(limit=3))
    assert sessions.log.count("run net.float32.tflite on litert") == 2


def test_a_damaged_entry_is_no_answer(made, data, sessions, home):
    validate(made[INT8].path, data=data)
    [entry] = home.rglob("outputs.npz")
    entry.write_bytes(entry.read_bytes()[:-1] + b"x")
    validate(made[INT8].path, data=data)
    assert sessions.log.count("run net.float32.tflite on litert") == 2


def test_a_cache_that_cannot_be_written_stops_nothing(made, data, sessions, home):
    home.write_text("a file where the folder would be")
    assert validate(made[INT8].path, data=data)[0].metrics
