"""How far answers lie apart: known values, and what chance is not taken for a gain."""

from __future__ import annotations

import math

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.diagnose import scores
from edgekit.quantize.diagnose.scores import Outputs
from tests.quantize.tiny_models import RELU, correlated, picture_net, plain


def told(logits: bool = False, **values: object) -> Outputs:
    found = Outputs({name: np.asarray(v, np.float32) for name, v in values.items()})
    found.logits = frozenset(values) if logits else frozenset()
    return found


def test_the_error_of_numbers_is_noise_against_the_mean_signal() -> None:
    expected = told(y=[[3.0, 4.0], [0.0, 5.0]])  # both of squared length 25
    got = told(y=[[3.0, 4.0], [0.0, 4.0]])
    np.testing.assert_allclose(scores.errors(expected, got), [[0, 0.2]])
    both = told(y=expected["y"], z=expected["y"])
    np.testing.assert_allclose(
        scores.errors(both, told(y=got["y"], z=got["y"])), [[0, 0.2], [0, 0.2]], rtol=1e-6
    )


def test_the_error_of_logits_is_also_the_root_of_their_divergence() -> None:
    expected = told(logits=True, y=[[0.0, 0.0], [0.0, math.log(3)]])
    # An offset of all logits changes no probability.
    _, offset = scores.errors(expected, {"y": expected["y"] + 7})
    np.testing.assert_allclose(offset, [0, 0], atol=1e-3)
    got = told(y=[[0.0, math.log(3)], [0.0, math.log(3)]])
    divergence = 0.5 * math.log(0.5 / 0.25) + 0.5 * math.log(0.5 / 0.75)
    noise, root = scores.errors(expected, got)
    np.testing.assert_allclose(root, [math.sqrt(divergence), 0], atol=1e-3)
    assert noise[0] > 1
    assert noise[1] == 0


def test_an_answer_that_is_not_finite_is_infinitely_wrong() -> None:
    expected = told(y=[[1.0], [2.0]])
    assert np.isinf(scores.errors(expected, told(y=[[1.0], [math.nan]]))).all()
    assert scores.sqnr_db(expected, told(y=[[1.0], [math.inf]])) == -math.inf
    silent = told(y=[[0.0], [0.0]])
    np.testing.assert_array_equal(scores.errors(silent, told(y=[[0.0], [0.5]])), [[0, 0.5]])


def test_sqnr_is_that_of_the_worst_output() -> None:
    expected = told(a=[[10.0]], b=[[10.0]])
    assert scores.sqnr_db(expected, told(a=[[9.0]], b=[[9.9]])) == pytest.approx(20, abs=1e-4)
    assert scores.sqnr_db(expected, expected) == pytest.approx(120)


def test_noise_is_rarely_taken_for_a_gain() -> None:
    rng = np.random.default_rng(0)
    draws = [(rng.normal(1, 0.3, (1, 60)), rng.normal(1, 0.3, (1, 60))) for _ in range(400)]
    taken = np.mean([scores.better(candidate, base) for candidate, base in draws])
    assert 0.1 < taken < 0.22  # one standard error: 0.16


def test_a_gain_is_seen_and_a_loss_never() -> None:
    rng = np.random.default_rng(0)
    base = rng.normal(1, 0.3, (2, 60))  # the same samples are hard for both: pairs tell more
    noise = rng.normal(0, 0.05, (2, 60))
    assert scores.better(base - 0.05 + noise, base)
    assert not scores.better(base + 0.05 + noise, base)
    assert not scores.better(base, base)
    broken = np.full((2, 60), np.inf)
    assert scores.better(base, broken)
    assert not scores.better(broken, base)
    assert not scores.better(broken, broken)


def test_one_sample_is_compared_by_itself() -> None:
    assert scores.better(np.array([[0.5]]), np.array([[0.6]]))
    assert not scores.better(np.array([[0.6]]), np.array([[0.6]]))


def test_kinds_of_errors_count_alike_whatever_their_size() -> None:
    base = np.array([[1.0, 3.0], [100.0, 300.0]])
    np.testing.assert_allclose(scores.relative(base, base), [0.5, 1.5])
    np.testing.assert_allclose(scores.relative(base * [[1], [3]], base), [1.0, 3.0])


@pytest.mark.parametrize("recipe", ["float32", "weight_only_wi8_afp32", "static_wi8_ai8"])
def test_before_a_softmax_the_logits_are_read(recipe: str) -> None:
    inputs = {"x": correlated(12, 7, 7, 3)}
    with_softmax, without = picture_net(final=RELU), picture_net()
    model = tflite.read(plain(with_softmax, recipes.get(recipe), inputs))
    content = tflite.to_bytes(model)
    got = scores.outputs(model, inputs)
    assert got.logits == {"y"}
    expected = scores.outputs(tflite.read(without), inputs)
    assert expected.logits == frozenset()
    assert scores.sqnr_db(expected, got) > 28
    assert tflite.to_bytes(model) == content  # it stays as it was
