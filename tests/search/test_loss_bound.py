"""What counts as a loss, and when a bound holds."""

import math

import numpy as np
import pytest

from edgekit.core.records import Contract, TensorSpec
from edgekit.data.samples import Samples
from edgekit.search import explain
from edgekit.search.loss_bound import Bound
from edgekit.search.search_messages import LossLimits

CLASSES = Contract(
    inputs=(TensorSpec(name="x", shape=(1, 2), dtype="float32"),),
    outputs=(
        TensorSpec(name="y", shape=(1, 4), dtype="float32", activation="softmax", kind="classes"),
    ),
)
NUMBERS = Contract(
    inputs=CLASSES.inputs, outputs=(TensorSpec(name="y", shape=(1, 8, 2), dtype="float32"),)
)


def bound(outputs, labels=None, *, contract=CLASSES, held=None, **limits):
    """A bound on outputs of which the first `held` are held back."""
    held = held or len(outputs)
    everything = Samples(inputs={"x": np.zeros((len(outputs), 2), np.float32)}, labels=labels)
    return Bound(contract, everything, {"y": outputs}, held, LossLimits(**limits))


def certain(ids):
    return np.eye(4)[ids].astype(np.float32) * 0.96 + 0.01


IDS = np.arange(200) % 4


def wrong(count):
    ids = IDS.copy()
    ids[:count] = (ids[:count] + 1) % 4
    return ids


def test_without_labels_a_loss_is_disagreement():
    limit = bound(certain(IDS), max_loss=0.02)
    assert limit.quantity == "agreement"
    verdict = limit.judge({"y": certain(wrong(4))})
    assert verdict.holds
    assert verdict.value == pytest.approx(0.02)
    assert verdict.low < 0.02 < verdict.high
    assert not limit.judge({"y": certain(wrong(5))}).holds


def test_with_labels_it_is_the_loss_of_the_metric():
    # Float is wrong on 20 samples; the file is right on 10 of those and wrong on 2 others.
    reference, labels = certain(wrong(20)), IDS
    ids = wrong(20)
    ids[:10] = labels[:10]
    ids[100:102] = (labels[100:102] + 1) % 4
    limit = bound(reference, labels, max_loss=0.01)
    assert limit.quantity == "top1_accuracy"
    verdict = limit.judge({"y": certain(ids)})
    assert verdict.value == pytest.approx(-0.04)
    assert verdict.holds
    assert verdict.low < -0.04 < verdict.high


def test_an_interval_does_not_end_where_nothing_differs():
    limit = bound(certain(IDS[:20]), IDS[:20], max_loss=0.06)
    verdict = limit.judge({"y": certain(IDS[:20])})
    assert verdict.value == 0
    assert verdict.high > 0.06
    assert "too few" in explain.note(limit, verdict)


def test_errors_of_numbers_are_relative():
    rng = np.random.default_rng(0)
    targets = rng.normal(size=(200, 8, 2)).astype(np.float32)
    off = np.full_like(targets, 0.1)
    limit = bound(targets + off, targets, contract=NUMBERS, max_loss=0.05)
    assert limit.quantity == "mae"
    assert limit.judge({"y": targets + off * 1.04}).value == pytest.approx(0.04, rel=1e-3)
    assert not limit.judge({"y": targets + off * 1.06}).holds


def test_without_labels_values_lose_the_error_of_their_worst_channel():
    rng = np.random.default_rng(0)
    values = (rng.normal(size=(50, 8, 2)) * [1, 1000] + [0, 5000]).astype(np.float32)
    limit = bound(values, contract=NUMBERS, max_loss=0.05)
    assert limit.quantity == "fidelity"
    assert limit.judge({"y": values}).holds
    step = values.copy()
    step[..., 0] += 0.04 * np.where(rng.random((50, 8)) < 0.5, 1, -1)
    assert limit.judge({"y": step}).value == pytest.approx(0.04, rel=0.1)
    assert limit.judge({"y": step}).holds
    lost = values.copy()
    lost[..., 0] = 0  # nothing of an error over both columns
    verdict = limit.judge({"y": lost})
    assert (verdict.holds, verdict.quantity) == (False, "fidelity")
    assert verdict.value == pytest.approx(1, abs=0.01)


def test_a_binary_output_without_labels_loses_what_its_sides_no_longer_agree_on():
    yes = np.linspace(0.01, 0.99, 100, dtype=np.float32)[:, None]
    binary = Contract(
        inputs=CLASSES.inputs,
        outputs=(TensorSpec(name="y", shape=(1, 1), dtype="float32", kind="binary"),),
    )
    limit = bound(yes, contract=binary, max_loss=0.02)
    assert limit.quantity == "agreement"
    moved = yes.copy()
    moved[49:51] = 1 - moved[49:51]
    assert limit.judge({"y": moved}).value == pytest.approx(0.02)
    assert limit.judge({"y": moved}).holds
    moved[48] = 0.9
    assert not limit.judge({"y": moved}).holds


TWO_HEADS = Contract(
    inputs=CLASSES.inputs,
    outputs=(
        CLASSES.outputs[0],
        TensorSpec(name="age", shape=(1, 1), dtype="float32", kind="values"),
    ),
)


def two_heads(**limits):
    rng = np.random.default_rng(0)
    ages = rng.normal(50, 10, (200, 1)).astype(np.float32)
    expected = {"y": certain(IDS), "age": ages}
    labels = {"y": IDS, "age": ages + rng.normal(0, 1, (200, 1)).astype(np.float32)}
    samples = Samples(inputs={"x": np.zeros((200, 2), np.float32)}, head_labels=labels)
    return Bound(TWO_HEADS, samples, expected, 200, LossLimits(**limits)), expected


def test_with_several_labelled_heads_each_must_hold():
    limit, expected = two_heads(max_loss=0.05)
    assert limit.quantities == ("top1_accuracy@y", "mae@age")
    assert limit.judge(expected).holds
    worse = limit.judge({**expected, "age": expected["age"] + 1})
    assert (worse.holds, worse.quantity) == (False, "mae@age")
    assert "loss of mae@age" in explain.value(limit, worse)
    worse = limit.judge({**expected, "y": certain(wrong(20))})
    assert (worse.holds, worse.quantity) == (False, "top1_accuracy@y")
    assert worse.value == pytest.approx(0.1)
    assert explain.limit(limit) == "a loss of top1_accuracy@y, mae@age of at most 0.05"


def test_a_head_that_no_metric_is_about_must_not_be_lost():
    limit, expected = two_heads(max_loss=0.05, metric=("top1_accuracy@y",))
    near = expected["age"] + 1
    assert limit.judge({**expected, "age": near}).holds
    gone = np.full_like(near, 50)
    verdict = limit.judge({**expected, "age": gone})
    assert (verdict.holds, verdict.value) == (False, 0)
    assert verdict.excess > 0
    assert "the SQNR of 'age'" in explain.value(limit, verdict)


def test_decibels_are_for_any_outputs():
    outputs = np.ones((10, 8, 2), np.float32)
    limit = bound(outputs, contract=NUMBERS, min_sqnr_db=25.0)
    assert limit.quantity == "sqnr_db"
    verdict = limit.judge({"y": outputs * 1.1})  # 20 dB
    assert not verdict.holds
    assert verdict.excess == pytest.approx(5, abs=0.01)
    assert limit.judge({"y": outputs * 1.01}).holds


def test_both_bounds_hold_or_neither():
    limit = bound(certain(IDS), max_loss=0.02, min_sqnr_db=80.0)
    assert not limit.judge({"y": certain(IDS) * 0.99}).holds
    assert limit.judge({"y": certain(IDS)}).holds
    assert explain.limit(limit) == "a loss of agreement of at most 0.02 and at least 80 dB"


def test_so_few_samples_ask_the_margins_too():
    rng = np.random.default_rng(0)
    outputs = certain(IDS[:30])
    limit = bound(outputs, IDS[:30], held=10, max_loss=0.01)
    assert limit.uses_margins
    close = limit.judge({"y": outputs})
    assert close.holds
    assert close.expected == 0
    noise = np.exp(rng.normal(0, 1.6, outputs.shape))
    far = limit.judge({"y": outputs * noise / (outputs * noise).sum(axis=1, keepdims=True)})
    assert far.expected > 0.01
    assert not far.holds
    assert not bound(certain(IDS), IDS, max_loss=0.01).uses_margins
    assert "margins" in explain.note(limit, close)


def test_what_is_not_finite_holds_nothing():
    limit = bound(certain(IDS), max_loss=0.5)
    verdict = limit.judge({"y": np.full((200, 4), np.nan, np.float32)})
    assert not verdict.holds
    assert verdict.excess == math.inf
