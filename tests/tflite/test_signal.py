"""One SQNR and one divergence: known values, and ends of what floats can tell."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import special, stats

from edgekit.tflite import signal

RNG = np.random.default_rng(0)
values = arrays(np.float64, (6, 3), elements=st.integers(-1000, 1000).map(lambda v: v / 64))


def test_decibels_of_known_ratios():
    assert signal.decibels(100.0, 1.0) == pytest.approx(20)
    assert signal.decibels(1.0, 0.0) == math.inf
    assert signal.decibels(0.0, 1.0) == signal.decibels(1.0, math.inf) == -math.inf
    assert signal.decibels(1.0, math.nan) == -math.inf


@given(st.floats(-300, 300))
def test_noise_to_signal_is_the_way_back(sqnr):
    assert signal.decibels(1.0, signal.noise_to_signal(sqnr)) == pytest.approx(sqnr, abs=1e-9)


def test_noise_to_signal_at_its_ends():
    assert signal.noise_to_signal(math.inf) == 0
    assert math.isfinite(signal.noise_to_signal(-math.inf))


@given(values, values)
def test_sqnr_is_the_ratio_of_powers(a, b):
    power, noise = np.sum(a**2), np.sum((a - b) ** 2)
    if power > 0 and noise > 0:
        assert signal.sqnr_db(a, b) == pytest.approx(10 * np.log10(power / noise), abs=1e-9)


@pytest.mark.parametrize("unit", [1e-150, 1e-9, 1.0, 1e30, 1e200])
def test_squares_that_float64_cannot_hold(unit):
    a, b = RNG.normal(size=(2, 40))
    wanted = math.inf if unit < 1e-13 else signal.sqnr_db(a, b)
    assert signal.sqnr_db(a * unit, b * unit) == pytest.approx(wanted, abs=1e-6)


def test_many_values_are_summed_part_by_part():
    a = RNG.normal(size=(7, 100_003)).astype(np.float32)
    b = a + RNG.normal(size=a.shape).astype(np.float32) * np.float32(0.01)
    wanted = 10 * np.log10(np.sum(a.astype(float) ** 2) / np.sum((a.astype(float) - b) ** 2))
    assert signal.sqnr_db(a, b) == pytest.approx(wanted, abs=1e-9)


def test_what_is_not_finite_is_lost():
    a = np.ones(4)
    for bad in (math.nan, math.inf, -math.inf):
        assert signal.sqnr_db(a, np.array([1, 1, 1, bad])) == -math.inf
        assert signal.sqnr_db(np.array([1, 1, 1, bad]), a) == -math.inf


def test_nothing_beside_nothing_is_equal():
    assert signal.sqnr_db(np.zeros(0), np.zeros(0)) == math.inf
    assert signal.sqnr_db(np.zeros(3), np.full(3, 1e-13)) == math.inf
    assert signal.sqnr_db(np.full(3, 1e-13), np.ones(3)) == -math.inf


def test_divergence_is_scipys_row_by_row():
    a, b = RNG.normal(size=(2, 9, 4))
    wanted = stats.entropy(special.softmax(a, 1), special.softmax(b, 1), axis=1)
    np.testing.assert_allclose(signal.kl_divergence(a, b), wanted, rtol=1e-9)
    np.testing.assert_array_equal(signal.kl_divergence(a, a), np.zeros(9))


def test_log_softmax_neither_overflows_nor_vanishes():
    far = signal.log_softmax(np.array([[1e4, 0.0], [-1e4, 0.0]], np.float32))
    np.testing.assert_allclose(far, [[0, -1e4], [-1e4, 0]])
