"""The loss that margins lead to expect."""

import numpy as np
import pytest

from edgekit.core.records import TensorSpec
from edgekit.search.expected_loss import expected_loss

SPEC = TensorSpec(name="y", shape=(1, 3), dtype="float32")


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


@pytest.fixture
def logits():
    return np.random.default_rng(0).normal(0, 3, (4000, 3))


@pytest.mark.parametrize("noise", [0.1, 0.5, 2.0])
@pytest.mark.parametrize("as_probabilities", [False, True])
def test_it_is_what_many_samples_show(logits, noise, as_probabilities):
    noisy = logits + np.random.default_rng(1).normal(0, noise, logits.shape)
    seen = float((logits.argmax(1) != noisy.argmax(1)).mean())
    before, after = (softmax(logits), softmax(noisy)) if as_probabilities else (logits, noisy)
    assert expected_loss(before, after, None, SPEC) == pytest.approx(seen, rel=0.25)


def test_wrong_answers_that_become_right_make_up_for_others(logits):
    labels = np.random.default_rng(2).integers(0, 3, len(logits))  # right by chance only
    noisy = logits + np.random.default_rng(1).normal(0, 2.0, logits.shape)
    assert expected_loss(logits, noisy, None, SPEC) > 0.1
    assert abs(expected_loss(logits, noisy, labels, SPEC)) < 0.03


def test_few_samples_without_an_error_tell_a_good_file_from_a_bad_one(logits):
    few = logits[np.argsort(-np.ptp(logits, axis=1))[:15]]
    good = expected_loss(few, few + 0.01, None, SPEC)
    rng = np.random.default_rng(3)
    bad = expected_loss(few, few + rng.normal(0, 3, few.shape), None, SPEC)
    assert good < 1e-6
    assert bad > 0.01


def test_zeros_of_an_integer_softmax_are_no_infinite_errors(logits):
    probabilities = softmax(logits / 3)
    coarse = np.round(probabilities * 256) / 256
    assert 0 < expected_loss(probabilities, coarse, None, SPEC) < 0.02


def test_outputs_without_classes_have_no_margins():
    one = np.zeros((5, 1))
    assert expected_loss(one, one, None, SPEC) is None
    assert expected_loss(np.eye(3), np.eye(3), None, SPEC) == 0
