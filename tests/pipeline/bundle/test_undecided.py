"""Golden samples of which a classifier is not sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit.core.output_kinds import Columns, OutputKind
from edgekit.core.records import Contract, TensorSpec
from edgekit.pipeline.bundle import undecided
from edgekit.runtimes.fake import FakeModel, FakeSession

X = TensorSpec(name="x", shape=(1, 40), dtype="float32")
P = TensorSpec(name="p", shape=(1, 2), dtype="float32")
CONTRACT = Contract(inputs=(X,), outputs=(P,))


def classifier(steepness: float) -> FakeSession:
    """Two classes, by the sign of the sum; the steeper, the surer."""

    def probabilities(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        p = 1 / (1 + np.exp(-steepness * float(inputs["x"].sum())))
        return {"p": np.array([p, 1 - p], np.float32)}

    return FakeSession(FakeModel((X,), (P,), probabilities))


def unsure(session: FakeSession, inputs: dict[str, np.ndarray]) -> np.ndarray:
    p = session.run(inputs)["p"].astype(np.float64)
    return (p * (1 - p)).sum(axis=1)


@pytest.fixture
def sure() -> dict[str, np.ndarray]:
    """Eight samples far from each other: four of each class."""
    signs = np.repeat([1.0, -1.0], 4)
    noise = np.random.default_rng(0).uniform(0.5, 1.0, (8, 40))
    return {"x": (signs[:, None] * noise).astype(np.float32)}


def test_half_of_sure_samples_give_way_to_mixtures_that_are_not(sure):
    session = classifier(1.0)
    assert (unsure(session, sure) < 0.01).all()
    mixed = undecided.mixed(session, sure, CONTRACT)
    assert mixed["x"].shape == sure["x"].shape
    np.testing.assert_array_equal(mixed["x"][:4], sure["x"][:4])
    assert (unsure(session, mixed)[4:] > 0.1).all()
    # Each value is one that the input really takes.
    assert np.isin(mixed["x"], sure["x"]).all()
    for row, first, second in zip(mixed["x"][4:], sure["x"][:4], sure["x"][4:], strict=True):
        cut = int((row == second).sum())
        np.testing.assert_array_equal(row, np.concatenate([second[:cut], first[cut:]]))


def test_samples_that_decide_little_stay(sure):
    mixed = undecided.mixed(classifier(0.01), sure, CONTRACT)
    np.testing.assert_array_equal(mixed["x"], sure["x"])


def test_outputs_that_are_no_probabilities_leave_samples_alone(sure):
    model = FakeModel((X,), (P,), lambda inputs: {"p": inputs["x"][:2]})
    np.testing.assert_array_equal(
        undecided.mixed(FakeSession(model), sure, CONTRACT)["x"], sure["x"]
    )


@pytest.mark.parametrize("kind", ["values", "boxes", "embedding"])
def test_what_decides_nothing_leaves_samples_alone(sure, kind: OutputKind):
    contract = replace(CONTRACT, outputs=(replace(P, kind=kind),))
    mixed = undecided.mixed(classifier(1.0), sure, contract)
    np.testing.assert_array_equal(mixed["x"], sure["x"])


def test_columns_that_decide_are_enough(sure):
    columns = (Columns(kind="values", start=0, stop=1), Columns(kind="scores", start=1, stop=2))
    contract = replace(CONTRACT, outputs=(replace(P, columns=columns),))
    mixed = undecided.mixed(classifier(1.0), sure, contract)
    assert (unsure(classifier(1.0), mixed)[4:] > 0.1).all()


def test_one_sample_has_nothing_to_mix_with(sure):
    one = {"x": sure["x"][:1]}
    np.testing.assert_array_equal(undecided.mixed(classifier(1.0), one, CONTRACT)["x"], one["x"])


def test_mixtures_run_through_all_inputs():
    """The cut counts the values of all inputs in a row."""
    two = {
        "a": np.array([[1.0, 1.0], [3.0, 3.0]], np.float32),
        "b": np.array([[2, 2], [4, 4]], np.int32),
    }
    row = undecided._cut(two, 0, 1, 3)
    np.testing.assert_array_equal(row["a"], [[3.0, 3.0]])
    np.testing.assert_array_equal(row["b"], [[4, 2]])
    assert row["b"].dtype == np.int32
