"""What a self-test allows: differences between kernels, measured, with room."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.bundle_record import ColumnError, Difference, Trial
from edgekit.core.errors import RunError
from edgekit.core.records import Limits, Target, TensorSpec
from edgekit.pipeline.bundle import tolerance
from edgekit.pipeline.bundle.column_units import ColumnGroup, Groups
from edgekit.runtimes.environments import Environment
from edgekit.runtimes.fake import FakeModel, FakeSession
from tests.pipeline.files import converted, dense

Y = TensorSpec(name="y", shape=(1, 3), dtype="float32", kind="classes")
VALUE = TensorSpec(name="y", shape=(1, 3), dtype="float32")
GOLDEN = np.array([[0.7, 0.2, 0.1], [0.1, 0.8, 0.1]], np.float32)
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


def whole(unit: float = 0.0, width: int = 3, size: float = 1.0) -> Groups:
    """All columns as one group."""
    return (ColumnGroup(start=0, stop=width, unit=unit, size=size),)


def test_differences_are_in_real_units():
    mine = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]], np.float32)
    found = tolerance.difference(Y, whole(), mine, GOLDEN)
    assert found.worst == pytest.approx(0.5)
    assert found.rms == pytest.approx(0.5 / np.sqrt(3))
    assert found.agreement == 0.5
    assert tolerance.difference(VALUE, whole(), mine, GOLDEN).agreement is None


def test_infinities_and_nan_are_equal_to_themselves_only():
    golden = np.array([[np.inf, np.nan, 1.0]])
    assert tolerance.difference(VALUE, whole(), golden, golden).worst == 0.0
    found = tolerance.difference(VALUE, whole(), np.array([[np.inf, 0.0, 1.0]]), golden)
    assert (found.worst, found.rms) == (np.inf, np.inf)


@pytest.mark.parametrize(
    ("changes", "agreement", "threshold"),
    [
        ({"kind": "classes"}, 1 / 2, None),
        ({"kind": "tags"}, 4 / 6, 0.5),
        ({"kind": "tags", "activation": "none"}, 1.0, 0.0),
        ({"kind": "mask"}, 1 / 2, None),
        ({"kind": "mask", "activation": "sigmoid"}, 4 / 6, 0.5),
        ({"kind": "values"}, None, None),
        ({"kind": "ids"}, None, None),
        ({}, None, None),
        ({"activation": "softmax"}, None, None),
    ],
)
def test_decisions_are_those_of_the_kind(changes, agreement, threshold):
    spec = TensorSpec(**{"name": "y", "shape": (1, 3), "dtype": "float32", **changes})
    mine = np.array([[0.7, 0.2, 0.1], [0.6, 0.3, 0.1]], np.float32)
    found = tolerance.difference(spec, whole(), mine, GOLDEN)
    assert found.agreement == (agreement and pytest.approx(agreement))
    allowed = tolerance.tolerance(spec, whole(), GOLDEN, [trial(found)])
    assert allowed.threshold == threshold
    assert (allowed.agreement is None) == (agreement is None)


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
    golden = np.zeros((100, 3), np.float32)
    allowed = tolerance.tolerance(Y, whole(unit), golden, [*trials, stray, other])
    assert allowed.worst == 4 * max([unit, *worst])
    assert allowed.rms == 2 * max([unit / 4, *(one / 2 for one in worst)])
    # One more sample may be otherwise than in the worst trial.
    assert allowed.agreement is not None and allowed.agreement <= max(0, agreement - 0.004)


def test_without_trials_a_unit_and_one_decision_are_allowed():
    golden = np.zeros((10, 3), np.float32)
    allowed = tolerance.tolerance(Y, whole(0.5), golden, [])
    assert (allowed.worst, allowed.rms, allowed.agreement) == (2.0, 0.25, 0.9)
    assert allowed.columns == ()
    assert tolerance.tolerance(VALUE, whole(), golden, []).worst == 0.0


def test_of_many_decisions_one_in_256_may_be_another():
    spec = TensorSpec(name="y", shape=(1, 64, 64, 2), dtype="float32", kind="mask")
    golden = np.zeros((2, 64, 64, 2), np.float32)
    allowed = tolerance.tolerance(spec, whole(width=2), golden, [])
    assert allowed.agreement == 1 - 1 / 256


APART = (
    ColumnGroup(start=0, stop=2, unit=1.0, size=100.0),
    ColumnGroup(start=2, stop=3, unit=0.001, size=0.3),
)


def test_each_group_of_columns_has_its_own_tolerance():
    golden = np.array([[100.0, -50.0, 0.5]] * 4, np.float32)
    found = tolerance.difference(VALUE, APART, golden + np.array([2, 0, 0.01]), golden)
    assert [(one.start, one.stop) for one in found.columns] == [(0, 2), (2, 3)]
    assert [one.worst for one in found.columns] == pytest.approx([2.0, 0.01], rel=1e-4)
    assert found.columns[0].rms == pytest.approx(np.sqrt(2))
    allowed = tolerance.tolerance(VALUE, APART, golden, [trial(found)])
    assert [one.worst for one in allowed.columns] == pytest.approx([8.0, 0.04], rel=1e-4)
    assert (allowed.worst, allowed.rms) == (allowed.columns[0].worst, allowed.columns[0].rms)
    alone = tolerance.tolerance(VALUE, APART, golden, [])
    assert alone.columns[1] == ColumnError(start=2, stop=3, worst=0.004, rms=0.0005)


ALL_OF_Y = whole(1e-6, width=8, size=0.5)


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


def tried(folder: Path, groups: Groups = ALL_OF_Y) -> dict[str, Trial]:
    artifact = converted(folder)["float32"]
    x = np.linspace(-1, 1, 36, dtype=np.float32).reshape(3, 12)
    said: list[str] = []
    trials = tolerance.tried(
        Path(artifact.path),
        artifact,
        {"x": x},
        {"y": x[:, :8]},
        {"y": groups},
        Limits(),
        said.append,
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


def test_small_columns_of_something_else_do_not_count_either(kernels, tmp_path):
    kernels["tflite-runtime"] = dense(1.01)
    groups = (
        ColumnGroup(start=0, stop=7, unit=1e-6, size=0.5),
        ColumnGroup(start=7, stop=8, unit=1e-6, size=0.001),
    )
    found = tried(tmp_path, groups)["tflite-runtime"]
    assert found.left_out == "it computes something else: y, columns 7 to 7"


def test_a_runtime_that_cannot_run_it_does_not_count(kernels, tmp_path):
    kernels["reference"] = RunError("The file cannot run.")
    found = tried(tmp_path)["reference"]
    assert (found.left_out, found.differences) == ("The file cannot run.", ())
