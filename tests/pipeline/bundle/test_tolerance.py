"""What a self-test allows: differences between kernels, measured, with room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.bundle_record import Difference, Trial
from edgekit.core.errors import RunError
from edgekit.core.records import Limits, Target, TensorSpec
from edgekit.pipeline.bundle import tolerance
from edgekit.runtimes.environments import Environment
from edgekit.runtimes.fake import FakeModel, FakeSession
from tests.pipeline.files import converted, dense

Y = TensorSpec(name="y", shape=(1, 3), dtype="float32", activation="softmax")
VALUE = TensorSpec(name="y", shape=(1, 3), dtype="float32")
OLD = Environment(
    runtime="tflite-runtime", version="2.14.0", python="p", python_version="3.11", numpy="1.26"
)


def trial(*differences: Difference, left_out: str | None = None) -> Trial:
    return Trial(
        runtime="litert",
        version="2",
        kernels="reference",
        differences=differences,
        left_out=left_out,
    )


def test_differences_are_in_real_units():
    golden = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], np.float32)
    mine = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]], np.float32)
    found = tolerance.difference(Y, mine, golden)
    assert found.worst == pytest.approx(0.5)
    assert found.rms == pytest.approx(0.5 / np.sqrt(3))
    assert found.agreement == 0.5
    assert tolerance.difference(VALUE, mine, golden).agreement is None


def test_infinities_and_nan_are_equal_to_themselves_only():
    golden = np.array([[np.inf, np.nan, 1.0]])
    assert tolerance.difference(VALUE, golden, golden).worst == 0.0
    found = tolerance.difference(VALUE, np.array([[np.inf, 0.0, 1.0]]), golden)
    assert (found.worst, found.rms) == (np.inf, np.inf)


@pytest.mark.parametrize(
    ("changes", "classes"),
    [
        ({"activation": "softmax"}, True),
        ({"labels": ("a", "b", "c")}, True),
        ({"labels": ("a", "b")}, False),
        ({}, False),
        ({"activation": "softmax", "shape": (1, 1)}, False),
        ({"activation": "softmax", "shape": (1, 5, 3)}, False),
    ],
)
def test_which_outputs_are_classes(changes, classes):
    fields = {"name": "y", "shape": (1, 3), "dtype": "float32", **changes}
    assert tolerance.is_classes(TensorSpec(**fields)) == classes


@given(
    worst=st.lists(st.floats(0, 10), min_size=1, max_size=4),
    agreement=st.floats(0, 1),
    unit=st.floats(0, 1),
)
def test_a_tolerance_allows_every_trial_that_counts(worst, agreement, unit):
    trials = [
        trial(Difference(output="y", worst=one, rms=one / 2, agreement=agreement)) for one in worst
    ]
    stray = trial(Difference(output="y", worst=1e9, rms=1e9, agreement=0.0), left_out="strays")
    other = trial(Difference(output="z", worst=1e9, rms=1e9))
    allowed = tolerance.tolerance(Y, unit, 100, [*trials, stray, other])
    assert allowed.worst == 4 * max([unit, *worst])
    assert allowed.rms == 2 * max([unit / 4, *(one / 2 for one in worst)])
    # One more sample may be otherwise than in the worst trial.
    assert allowed.agreement is not None and allowed.agreement <= max(0, agreement - 0.004)


def test_without_trials_a_unit_and_one_sample_are_allowed():
    allowed = tolerance.tolerance(Y, 0.5, 10, [])
    assert (allowed.worst, allowed.rms, allowed.agreement) == (2.0, 0.25, 0.9)
    assert tolerance.tolerance(VALUE, 0.0, 10, []).worst == 0.0


def test_units_are_steps_or_a_share_of_the_largest_value(tmp_path):
    made = converted(tmp_path, "float16", "static_wi8_ai8")
    outputs = {"y": np.array([[-2.0, 1.0] * 4], np.float32)}

    def unit(recipe: str) -> float:
        artifact = made[recipe]
        return tolerance.output_units(Path(artifact.path), artifact, outputs)["y"]

    assert unit("float32") == unit("float16") == 2 * 2.0**-20
    # An int8 file's output is a whole number of steps, whether or not it ends in DEQUANTIZE.
    assert unit("static_wi8_ai8") > 2 * 2.0**-8 / 4


@pytest.fixture
def kernels(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeModel | Exception]:
    """What each of this machine's kernels computes of the file: by `KERNELS` or `RUNTIME`."""
    found: dict[str, FakeModel | Exception] = {
        "reference": dense(),
        "builtin": dense(1.001),
        "tflite-runtime": dense(),
    }

    def open_session(path: Path, target: Target, *, limits: Limits, kernels: str) -> FakeSession:
        model = found[target.runtime if kernels == "default" else kernels]
        if isinstance(model, Exception):
            raise model
        return FakeSession(model)

    monkeypatch.setattr(tolerance.local, "open_session", open_session)
    monkeypatch.setattr(tolerance.environments, "list_environments", lambda: [OLD])
    return found


def tried(folder: Path) -> dict[str, Trial]:
    artifact = converted(folder)["float32"]
    x = np.linspace(-1, 1, 36, dtype=np.float32).reshape(3, 12)
    said: list[str] = []
    trials = tolerance.tried(
        Path(artifact.path), artifact, {"x": x}, {"y": x[:, :8]}, Limits(), said.append
    )
    assert len(said) == len(trials) == 3
    return {one.runtime if one.kernels == "default" else one.kernels: one for one in trials}


def test_the_samples_run_on_every_other_kernel(kernels, tmp_path):
    found = tried(tmp_path)
    assert list(found) == ["reference", "builtin", "tflite-runtime"]
    [same], [apart] = found["reference"].differences, found["builtin"].differences
    assert (same.worst, same.rms) == (0.0, 0.0)
    assert apart.worst == pytest.approx(0.001, rel=1e-3)
    assert all(one.left_out is None for one in found.values())
    assert found["tflite-runtime"].version == "0"  # as it says of itself


def test_a_runtime_that_computes_something_else_does_not_count(kernels, tmp_path):
    kernels["tflite-runtime"] = dense(-1.0)
    assert tried(tmp_path)["tflite-runtime"].left_out == "it computes something else: y"


def test_a_runtime_that_cannot_run_it_does_not_count(kernels, tmp_path):
    kernels["reference"] = RunError("The file cannot run.")
    found = tried(tmp_path)["reference"]
    assert (found.left_out, found.differences) == ("The file cannot run.", ())
