"""Exact binomial bounds, against scipy's."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.stats import binom, binomtest

from edgekit.core.errors import DataError
from edgekit.verdicts.binomial import at_most
from edgekit.verdicts.evidence import LEVEL
from edgekit.verdicts.proportion import Proportion

ALPHA = 1 - LEVEL


@st.composite
def shares(draw):
    n = draw(st.one_of(st.integers(1, 300), st.integers(300, 1_000_000)))
    return Proportion(draw(st.integers(0, n)), n, draw(st.booleans()))


@given(st.integers(1, 1_000_000), st.floats(1e-7, 1 - 1e-7), st.floats(-5, 5))
def test_the_tail_is_scipys(n, share, deviations):
    k = round(n * share + deviations * (n * share * (1 - share)) ** 0.5)
    assert at_most(k, n, share) == pytest.approx(binom.cdf(k, n, share), rel=1e-7, abs=1e-12)


@given(shares())
def test_bounds_are_scipys(share):
    seen = share.n - share.successes if share.loss else share.successes
    wanted = binomtest(seen, share.n).proportion_ci(2 * LEVEL - 1)
    assert (share.low, share.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)
    assert share.low <= share.value + 1e-12
    assert share.value <= share.high + 1e-12


@given(shares(), st.floats(0, 1))
def test_bounds_and_p_values_say_the_same(share, limit):
    assume(min(abs(limit - share.low), abs(limit - share.high)) > 1e-9)
    assert (share.high < limit) == (share.p_below(limit) <= ALPHA)
    assert (share.low > limit) == (share.p_above(limit) <= ALPHA)


@given(st.integers(1, 2000), st.data(), st.floats(0, 1))
def test_a_loss_is_the_mirror_image(n, data, limit):
    k = data.draw(st.integers(0, n))
    share, loss = Proportion(k, n), Proportion(k, n, loss=True)
    assert share.value == pytest.approx(1 - loss.value)
    assert share.low == pytest.approx(1 - loss.high, abs=1e-12)
    assert share.p_below(limit) == pytest.approx(loss.p_above(1 - limit), abs=1e-9)


@given(st.integers(0, 500), st.floats(0.001, 0.999), st.floats(0.001, 0.999))
def test_p_values_are_monotone_in_the_limit(k, one, other):
    share, (smaller, larger) = Proportion(k, 500), sorted((one, other))
    assert share.p_below(smaller) >= share.p_below(larger) - 1e-12
    assert share.p_above(smaller) <= share.p_above(larger) + 1e-12


@pytest.mark.parametrize(("k", "n", "limit"), [(97, 100, 0.95), (18, 20, 0.95), (930, 1000, 0.92)])
def test_the_samples_asked_for_decide(k, n, limit):
    needed = Proportion(k, n).needed(limit)
    assert needed > n
    every = np.arange(needed + 1)
    sign = 1 if k / n > limit else -1
    shown = [
        (
            Proportion(int(i), needed).p_above(limit)
            if sign > 0
            else Proportion(int(i), needed).p_below(limit)
        )
        <= ALPHA
        for i in every
    ]
    power = float(np.sum(binom.pmf(every, needed, k / n)[shown]))
    assert power >= 0.78


def test_all_agreeing_needs_enough_to_have_met_one_that_does_not():
    needed = Proportion(20, 20, loss=True).needed(0.01)
    assert needed >= 299
    assert Proportion(needed, needed, loss=True).p_below(0.01) <= ALPHA


@given(shares(), st.floats(-0.1, 1.1))
def test_more_samples_are_needed_than_there_are(share, limit):
    needed = share.needed(limit)
    assert needed is None or needed > share.n


def test_no_number_decides_where_the_estimate_is_the_limit():
    assert Proportion(95, 100).needed(0.95) is None
    assert Proportion(100, 100).needed(1.0) is None


def test_limits_beyond_all_shares_are_decided():
    share = Proportion(10, 20)
    assert (share.p_below(1.5), share.p_above(1.5)) == (0.0, 1.0)
    assert (share.p_below(-0.5), share.p_above(-0.5)) == (1.0, 0.0)


def test_of_counts_samples():
    share = Proportion.of(np.array([1.0, 0, 1, 1]), loss=True)
    assert share == Proportion(3, 4, loss=True)
    assert share.value == 0.25
    assert share.counted == "samples"


@pytest.mark.parametrize("values", [np.array([]), np.array([0.5, 1]), np.ones((2, 2))])
def test_of_refuses_what_is_no_share(values):
    with pytest.raises(DataError, match="right, 1, or wrong"):
        Proportion.of(values)


@pytest.mark.parametrize("counts", [(1, 0), (-1, 5), (6, 5)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(DataError, match="some of all"):
        Proportion(*counts)
