"""Errors of activations, held against what the network would do with them by hand."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.data.samples import Samples
from edgekit.search.budgets.errors_put_in import ErrorsPutIn, on_grid
from edgekit.tflite.interpreter import run
from tests.search.budgets.budget_models import DENSE, INPUTS, weights_of

SAMPLES = Samples(inputs={"x": INPUTS["x"][:8]})
OPERATORS = tflite.main_operators(tflite.read(DENSE))
[POOLED], [OUTPUT] = OPERATORS[4].outputs, OPERATORS[5].outputs
[GIVEN] = OPERATORS[0].activations


@pytest.fixture(scope="module")
def network() -> ErrorsPutIn:
    return ErrorsPutIn(DENSE, SAMPLES, [POOLED, OUTPUT])


def expected() -> np.ndarray:
    return run(tflite.read(DENSE), SAMPLES.inputs)["y"]


def test_an_error_passes_through_what_follows(network):
    error = np.random.default_rng(3).normal(size=(8, 1, 64)).astype(np.float32) * 0.1
    passed = error.reshape(8, 64) @ weights_of(DENSE, 5).T
    by_hand = np.square(passed).sum() / np.square(expected()).sum()
    assert network.noise(POOLED, error.reshape(8, *POOLED.shape)) == pytest.approx(
        by_hand, rel=1e-3
    )
    # And leaves nothing behind.
    assert network.noise(OUTPUT, np.zeros((8, *OUTPUT.shape))) == 0.0
    assert network.noise(OUTPUT, np.ones((8, *OUTPUT.shape))) == pytest.approx(
        expected().size / np.square(expected()).sum(), rel=1e-3
    )


def test_an_input_takes_errors_too(network):
    assert network.takes(GIVEN) and network.takes(POOLED)
    assert not network.takes(OPERATORS[1].outputs[0])  # nobody asked for it
    small, large = (
        network.noise(GIVEN, np.full((8, *GIVEN.shape), size, np.float32)) for size in (0.01, 0.1)
    )
    assert 0 < small < large


def test_what_is_not_finite_is_infinitely_noisy(network):
    assert network.noise(OUTPUT, np.full((8, *OUTPUT.shape), np.inf)) == np.inf


def test_a_grid_has_256_steps_and_zero_on_it():
    values = np.linspace(-1, 3, 1001).astype(np.float32)
    rounded = on_grid(values, -1.0, 3.0)
    assert len(np.unique(rounded)) == 256
    assert np.abs(rounded - values).max() <= 0.501 * 4 / 255
    assert on_grid(np.zeros(1), -1.0, 3.0) == 0
    np.testing.assert_array_equal(on_grid(values, 0.0, 0.0), values)  # no range, no grid
    assert on_grid(values, -0.5, 0.5).max() == pytest.approx(0.5, abs=0.01)  # cut off beyond
