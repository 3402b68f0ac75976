"""The BCa bootstrap's shift of quantiles, and its draws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from edgekit.verdicts.bca import Bca, draws


@given(st.floats(-0.5, 0.5), st.floats(-0.2, 0.2), st.floats(-2.5, 2.5))
def test_shares_and_quantiles_are_each_others_inverse(
    bias: float, acceleration: float, z: float
) -> None:
    shift = Bca(bias, acceleration)
    assert shift.quantile(shift.share(z)) == pytest.approx(z, abs=1e-6)


def test_without_bias_and_skewness_shares_are_the_normal_ones() -> None:
    assert Bca().share(1.96) == pytest.approx(stats.norm.cdf(1.96))


def test_draws_that_equal_the_value_count_half() -> None:
    assert Bca.of(np.array([0.0, 1.0, 1.0, 2.0]), 1.0, np.zeros(4)) == Bca(0.0, 0.0)


def test_the_acceleration_of_a_mean_is_its_skewness_and_the_jackknifes() -> None:
    values = np.random.default_rng(0).exponential(1, 50)
    closed = float(stats.skew(values)) / (6 * np.sqrt(50))
    jackknife = (values.sum() - values) / 49
    for left in (-values, jackknife):
        found = Bca.of(np.array([0.0, 2.0]), 1.0, left)
        assert found.acceleration == pytest.approx(closed)


def test_each_group_keeps_its_size_and_a_seed_its_draws() -> None:
    def share_of_first(rows: np.ndarray) -> np.ndarray:
        return np.asarray((rows < 10).mean(axis=1))

    groups = [np.arange(10), np.arange(10, 40)]
    found = draws(share_of_first, groups, 300, np.random.default_rng(0))
    assert found.tolist() == [0.25] * 300
    mean = draws(lambda rows: rows.mean(axis=1), groups, 300, np.random.default_rng(0))
    again = draws(lambda rows: rows.mean(axis=1), groups, 300, np.random.default_rng(0))
    assert len(set(mean.tolist())) > 100
    np.testing.assert_array_equal(mean, again)
