"""Which metric bounds which output, and what of it is lost."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.records import Contract, TensorSpec
from edgekit.data.samples import Samples
from edgekit.measure import fidelity
from edgekit.search import head_losses

IDS = np.arange(60) % 3
RNG = np.random.default_rng(0)
AGE = RNG.normal(50, 10, (60, 1)).astype(np.float32)
OUTPUTS = {"cat": np.eye(3, dtype=np.float32)[IDS] * 0.9 + 0.03, "age": AGE}
CAT = TensorSpec(name="cat", shape=(1, 3), dtype="float32", kind="classes")
YEARS = TensorSpec(name="age", shape=(1, 1), dtype="float32", kind="values")


def contract(*outputs: TensorSpec) -> Contract:
    return Contract(inputs=(), outputs=outputs)


def quantities(*outputs: TensorSpec, asked: tuple[str, ...] = (), **labels) -> tuple[str, ...]:
    samples = Samples(inputs={"x": np.zeros((60, 1), np.float32)}, **labels)
    expected = {spec.name: OUTPUTS.get(spec.name, AGE) for spec in outputs}
    return head_losses.quantities(contract(*outputs), samples, expected, asked)


def test_each_labelled_head_has_its_metric():
    heads = {"cat": IDS, "age": AGE}
    assert quantities(CAT, YEARS, head_labels=heads) == ("top1_accuracy@cat", "mae@age")


def test_a_head_without_labels_that_decides_is_bounded_by_agreement():
    heads = {"age": AGE}
    assert quantities(CAT, YEARS, head_labels=heads) == ("mae@age", "agreement@cat")
    assert quantities(CAT, YEARS, head_labels={"cat": IDS}) == ("top1_accuracy@cat",)


def test_what_is_asked_for_is_all_that_is_bounded():
    heads = {"cat": IDS, "age": AGE}
    assert quantities(CAT, YEARS, asked=("rmse@age",), head_labels=heads) == ("rmse@age",)
    # Without labels no metric can be measured.
    assert quantities(CAT, asked=("top1_accuracy",)) == ("agreement",)


@pytest.mark.parametrize("kind", ["classes", "binary", "tags", "mask", "ids"])
def test_without_labels_what_decides_is_bounded_by_agreement(kind):
    spec = TensorSpec(name="cat", shape=(1, 3), dtype="float32", kind=kind)
    assert quantities(spec) == ("agreement",)


@pytest.mark.parametrize("kind", [None, "values", "boxes", "image", "embedding"])
def test_without_labels_what_decides_nothing_is_bounded_by_its_worst_channel(kind):
    spec = TensorSpec(name="age", shape=(1, 1), dtype="float32", kind=kind)
    assert quantities(spec) == ("fidelity",)
    assert quantities(CAT, spec) == ("agreement", "fidelity@age")


def test_a_state_is_bounded_where_there_is_nothing_else():
    state = TensorSpec(name="age", shape=(1, 1), dtype="float32", kind="state")
    assert quantities(CAT, state) == ("agreement",)
    assert quantities(state) == ("fidelity",)


def test_fidelity_is_the_error_against_what_a_channel_varies_by():
    off = AGE + np.where(np.arange(60) % 2, 1, -1)[:, None]
    [sqnr, *_] = fidelity.compare({"age": AGE}, {"age": off}, contract(YEARS))
    loss = head_losses.of_channels("fidelity", sqnr)
    assert loss.value == pytest.approx(1 / AGE.std(), rel=1e-5)
    assert (loss.low, loss.high) == (None, None)


def test_a_loss_of_an_error_is_a_fraction_of_floats():
    samples = Samples(inputs={"x": np.zeros((60, 1), np.float32)}, labels=AGE)
    before, after = {"age": AGE + 1}, {"age": AGE + 1.1}
    loss = head_losses.of_metric("mae", before, after, samples, contract(YEARS))
    assert loss.value == pytest.approx(0.1, rel=1e-3)
    assert loss.low is not None


def test_metrics_of_decisions_are_all_that_matters_of_an_output():
    assert head_losses.are_decisions(("agreement",), CAT)
    assert not head_losses.are_decisions(("agreement",), YEARS)
    assert head_losses.are_decisions(("top1_accuracy@age",), YEARS)
    assert not head_losses.are_decisions(("mae@age", "agreement@cat"), YEARS)
    assert not head_losses.are_decisions(("mae@age",), CAT)
