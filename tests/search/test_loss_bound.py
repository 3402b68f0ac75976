"""What counts as a loss, and when a bound holds."""

import math

import numpy as np
import pytest

from edgekit.core.errors import UsageError
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


def test_a_loss_of_outputs_that_name_no_class_is_refused():
    with pytest.raises(UsageError) as caught:
        bound(np.ones((10, 8, 2), np.float32), contract=NUMBERS, max_loss=0.01)
    assert "--min-sqnr" in caught.value.hint


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
