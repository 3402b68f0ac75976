"""Intervals, against other code and by simulation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from edgekit.measure.intervals import Z, mean_interval, statistic_interval, wilson
from edgekit.verdicts.recompute import compute


@given(st.integers(1, 5000), st.data())
def test_wilson_is_scipys(trials, data):
    successes = data.draw(st.integers(0, trials))
    wanted = stats.binomtest(successes, trials).proportion_ci(method="wilson")
    assert wilson(successes, trials) == pytest.approx((wanted.low, wanted.high), abs=1e-12)


@given(st.integers(1, 10**6), st.data())
def test_wilson_holds_the_proportion_and_is_symmetric(trials, data):
    successes = data.draw(st.integers(0, trials))
    low, high = wilson(successes, trials)
    assert 0 <= low <= successes / trials <= high <= 1
    assert wilson(trials - successes, trials) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@pytest.mark.parametrize(("p", "n"), [(0.5, 50), (0.9, 200), (0.98, 300), (0.02, 100)])
def test_wilson_covers_in_95_of_100(p, n):
    drawn = np.random.default_rng(0).binomial(n, p, 4000)
    covered = [low <= p <= high for low, high in (wilson(k, n) for k in drawn.tolist())]
    assert 0.93 < np.mean(covered) < 0.985


def test_z_is_the_normal_quantile():
    assert pytest.approx(stats.norm.ppf(0.975), abs=1e-12) == Z


@pytest.mark.parametrize("draw", ["normal", "exponential", "binary"])
def test_mean_interval_is_scipys_bca(draw):
    rng = np.random.default_rng(1)
    values = {
        "normal": rng.normal(3, 2, 80),
        "exponential": rng.exponential(1, 60),
        "binary": (rng.random(150) < 0.9).astype(float),
    }[draw]
    wanted = stats.bootstrap(
        (values,), np.mean, n_resamples=20000, method="BCa", random_state=np.random.default_rng(2)
    ).confidence_interval
    # Means of 0 and 1 lie on a grid: an end may come to lie one step beside.
    near = 1.01 / len(values) if draw == "binary" else 0.05 * (wanted.high - wanted.low)
    assert mean_interval(values) == pytest.approx((wanted.low, wanted.high), abs=near)


@pytest.mark.slow
def test_mean_interval_covers_a_skewed_mean():
    rng = np.random.default_rng(3)
    covered = []
    for _ in range(300):
        low, high = mean_interval(rng.exponential(1, 60))
        covered.append(low <= 1 <= high)
    assert 0.89 < np.mean(covered) < 0.985


def test_many_values_take_the_normal_interval():
    values = np.random.default_rng(4).exponential(1, 25_000)
    low, high = mean_interval(values)
    half = Z * values.std() / np.sqrt(len(values))
    assert (low, high) == pytest.approx((values.mean() - half, values.mean() + half))
    few = mean_interval(values[:19_000])
    assert high - low == pytest.approx((few[1] - few[0]) * np.sqrt(19 / 25), rel=0.1)


def test_mean_interval_of_equal_values_and_of_one():
    assert mean_interval(np.full(9, 2.5)) == (2.5, 2.5)
    assert mean_interval(np.zeros(9)) == (0, 0)
    assert mean_interval(np.array([1.0])) is None


def test_mean_interval_is_repeatable_and_has_a_unit():
    values = np.random.default_rng(5).normal(1, 1, 40)
    assert mean_interval(values) == mean_interval(values)
    assert mean_interval(values * 8) == pytest.approx([8 * v for v in mean_interval(values)])


def test_what_is_computed_again_for_each_draw_has_the_interval_of_its_draws():
    rng = np.random.default_rng(6)
    labels = np.repeat([0.0, 1.0], 100)
    parts = np.stack([labels + rng.normal(size=200), labels])
    low, high = statistic_interval("auc", parts)
    [area] = compute("auc", parts, np.arange(200)[None])
    spread = np.sqrt(area * (1 - area) / 100)  # Hanley and McNeil's, but for its smaller terms
    assert low < area < high
    assert 2 * spread < high - low < 4 * spread
    assert statistic_interval("auc", parts) == (low, high)
    assert statistic_interval("auc", parts[:, 99:]) is None  # one sample of a class
