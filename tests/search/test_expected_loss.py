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


@pytest.mark.parametrize("kind", ["binary", "tags"])
@pytest.mark.parametrize("as_probabilities", [False, True])
def test_decisions_at_a_threshold_have_margins_too(logits, kind, as_probabilities):
    scores = logits[:, :1] if kind == "binary" else logits
    noisy = scores + np.random.default_rng(1).normal(0, 0.5, scores.shape)
    seen = float(((scores > 0) != (noisy > 0)).mean())
    spec = TensorSpec(name="y", shape=(1, scores.shape[1]), dtype="float32", kind=kind)
    if as_probabilities:
        scores, noisy = (1 / (1 + np.exp(-values)) for values in (scores, noisy))
    assert expected_loss(scores, noisy, None, spec) == pytest.approx(seen, rel=0.25)


def test_labels_say_which_side_is_right(logits):
    binary = TensorSpec(name="y", shape=(1, 1), dtype="float32", kind="binary")
    scores = logits[:, :1]
    noisy = scores + np.random.default_rng(1).normal(0, 2.0, scores.shape)
    by_chance = np.random.default_rng(2).integers(0, 2, len(scores))
    assert abs(expected_loss(scores, noisy, by_chance, binary)) < 0.03
    right = (scores[:, 0] > 0).astype(int)
    assert expected_loss(scores, noisy, right, binary) > 0.03


def test_zeros_and_ones_of_an_integer_sigmoid_are_no_infinite_errors(logits):
    binary = TensorSpec(name="y", shape=(1, 1), dtype="float32", kind="binary")
    probabilities = 1 / (1 + np.exp(-3 * logits[:, :1]))
    coarse = np.clip(np.round(probabilities * 256) / 256, 0, 255 / 256)
    assert 0 <= expected_loss(probabilities, coarse, None, binary) < 0.02
