from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from edgekit.verdicts import student

FREEDOM = (1, 2, 3, 4, 5, 14, 15, 99, 200, 201, 1000)


@pytest.mark.parametrize("freedom", FREEDOM)
def test_probabilities_are_scipy_s(freedom: int) -> None:
    for t in (-60.0, -3.0, -0.1, 0.0, 0.2, 1.0, 2.5, 7.0, 60.0):
        assert student.cdf(t, freedom) == pytest.approx(stats.t.cdf(t, freedom), abs=1e-14)


@pytest.mark.parametrize("freedom", FREEDOM)
def test_quantiles_are_scipy_s(freedom: int) -> None:
    for probability in (1e-4, 0.0125, 0.025, 0.2, 0.5, 0.8, 0.95, 0.975, 0.9999):
        expected = stats.t.ppf(probability, freedom)
        assert student.quantile(probability, freedom) == pytest.approx(expected, rel=1e-9, abs=1e-9)


@given(st.integers(1, 300), st.floats(1e-6, 1 - 1e-6))
def test_quantiles_are_the_inverse_of_probabilities(freedom: int, probability: float) -> None:
    found = student.cdf(student.quantile(probability, freedom), freedom)
    assert found == pytest.approx(probability, abs=1e-8)


def test_the_ends() -> None:
    assert student.cdf(math.inf, 4) == 1
    assert student.cdf(-math.inf, 4) == 0
    assert 0 <= student.cdf(-1e300, 4) < 1e-15
