"""Paired non-inferiority: laws, exact size and power by enumeration, degenerate counts."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy import optimize
from scipy.stats import binom, norm

from edgekit.core.errors import DataError
from edgekit.verdicts.evidence import LEVEL
from edgekit.verdicts.paired import Paired, samples_needed

ALPHA = 1 - LEVEL


@st.composite
def pairs(draw):
    n = draw(st.integers(1, 5000))
    b = draw(st.integers(0, n))
    c = draw(st.integers(0, n - b))
    return Paired(b, c, n)


margins = st.floats(-0.99, 0.99)


@given(pairs(), margins)
def test_swapping_the_files_mirrors_everything(pair, margin):
    mirrored = Paired(pair.c, pair.b, pair.n)
    assert pair.value == -mirrored.value
    assert pair.low == -mirrored.high
    assert pair.high == -mirrored.low
    assert pair.p_above(margin) == mirrored.p_below(-margin)


@given(pairs(), margins, margins)
@example(Paired(0, 0, 50), 0.0, 1e-300)
@example(Paired(50, 0, 50), 0.98, 0.99)
def test_p_values_are_monotone_in_the_margin(pair, one, other):
    # Of what is not even the likelier, p-values of more than a half tell nothing apart.
    def p(verdict, margin):
        return min(0.5, verdict(margin))

    smaller, larger = sorted((one, other))
    assert p(pair.p_below, smaller) >= p(pair.p_below, larger) - 1e-12
    assert p(pair.p_above, smaller) <= p(pair.p_above, larger) + 1e-12


@given(pairs())
def test_bounds_hold_the_value(pair):
    assert -1 <= pair.low <= pair.value <= pair.high <= 1


@given(pairs(), margins)
def test_bounds_and_p_values_say_the_same(pair, margin):
    assume(min(abs(margin - pair.low), abs(margin - pair.high)) > 1e-9)
    assert (pair.high < margin) == (pair.p_below(margin) <= ALPHA)
    assert (pair.low > margin) == (pair.p_above(margin) <= ALPHA)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(80, 2000), st.integers(1, 2000))
def test_agreeing_samples_bring_the_bounds_together(b, c, n, more):
    few, many = Paired(b, c, n), Paired(b, c, n + more)
    assert many.high - many.low < few.high - few.low


@given(st.integers(0, 60), st.integers(0, 60), st.integers(120, 3000), st.floats(0.001, 0.3))
def test_the_statistic_is_tangos_but_for_the_correction(b, c, n, margin):
    # The likeliest shares under a loss of `margin`, found by search instead of by formula.
    def unlikely(p_c):
        p_b = p_c + margin
        return -(
            b * math.log(p_b)
            + (c * math.log(p_c) if c else 0.0)
            + (n - b - c) * math.log1p(-p_b - p_c)
        )

    most = (1 - margin) / 2
    p_c = optimize.minimize_scalar(
        unlikely, bounds=(1e-12, most * (1 - 1e-9)), method="bounded", options={"xatol": 1e-12}
    ).x
    deviation = math.sqrt(n * (2 * p_c + margin - margin**2))
    tango = norm.cdf((b - c - n * margin) / deviation)
    corrected = norm.cdf((b - c - n * margin + 0.25) / deviation)
    assert Paired(b, c, n).p_below(margin) == pytest.approx(corrected, rel=1e-3, abs=1e-9)
    assert Paired(b, c, n).p_below(margin) >= tango * 0.999


def passing(n, discordance, loss, margin, verdict):
    """Probability that `verdict(pair, margin)` is at most 0.05, enumerated over b and c."""
    p_b, p_c = (discordance + loss) / 2, (discordance - loss) / 2
    last = int(n * discordance + 9 * math.sqrt(n * discordance) + 12)
    total = 0.0
    for c in range(min(n, last) + 1):
        weight = binom.pmf(c, n, p_c)
        if weight < 1e-9:
            continue
        b = np.arange(min(n - c, last) + 1)
        holds = [verdict(Paired(k, c, n), margin) <= ALPHA for k in b.tolist()]
        total += weight * float(np.sum(binom.pmf(b, n - c, p_b / (1 - p_c))[holds]))
    return total


@pytest.mark.parametrize(
    ("n", "discordance", "margin"),
    [(300, 0.02, 0.02), (100, 0.1, 0.005), (500, 0.05, 0.01), (150, 0.02, 0.02), (40, 0.2, 0.1)],
)
def test_a_loss_of_the_margin_rarely_passes_and_rarely_fails(n, discordance, margin):
    # The uncorrected test's worst cell of methods.md, 6.0 %, is the first.
    assert passing(n, discordance, margin, margin, Paired.p_below) <= 0.052
    assert passing(n, discordance, margin, margin, Paired.p_above) <= 0.052


@pytest.mark.parametrize(
    ("n", "discordance", "loss"),
    [(300, 0.02, 0.01), (100, 0.4, 0.0), (100, 0.1, 0.1), (20, 0.2, 0.05)],
)
def test_the_interval_misses_the_true_loss_in_one_of_twenty_at_most(n, discordance, loss):
    # In the first the uncorrected test misses in 6.4 %, in the second two Wilson intervals joined
    # as if they were independent do in 7.7 %.
    def outside(pair, loss):
        return 2 * min(pair.p_below(loss), pair.p_above(loss))

    assert passing(n, discordance, loss, loss, outside) <= ALPHA


@given(pairs(), margins)
def test_interval_and_p_values_say_the_same(pair, margin):
    low, high = pair.interval
    assume(min(abs(margin - low), abs(margin - high)) > 1e-9)
    assert (high < margin) == (pair.p_below(margin) <= ALPHA / 2)
    assert (low > margin) == (pair.p_above(margin) <= ALPHA / 2)


@given(pairs())
def test_the_interval_holds_both_bounds(pair):
    low, high = pair.interval
    assert -1 <= low <= pair.low <= pair.high <= high <= 1
    assert low < high


@pytest.mark.parametrize(("discordance", "margin"), [(0.05, 0.03), (0.02, 0.02), (0.1, 0.05)])
def test_the_samples_asked_for_decide(discordance, margin):
    n = samples_needed(discordance, margin)
    assert 0.8 <= passing(n, discordance, 0.0, margin, Paired.p_below) < 0.88
    if 2 * margin <= discordance:
        assert passing(n, discordance, 2 * margin, margin, Paired.p_below) <= 0.01


@given(st.floats(0.001, 0.5), st.floats(0.002, 0.2))
def test_more_differences_or_a_smaller_margin_need_more_samples(discordance, margin):
    n = samples_needed(discordance, margin)
    assert samples_needed(discordance * 1.5, margin) >= n
    assert samples_needed(discordance, margin / 1.5) > n
    assert samples_needed(discordance, margin, power=0.9) >= n


def test_no_number_shows_less_than_nothing():
    assert samples_needed(0.05, 0.0) is None
    assert samples_needed(0.05, -0.01) is None
    assert Paired(3, 3, 100).needed(0.0) is None


@given(pairs(), margins)
def test_more_samples_are_needed_than_there_are(pair, margin):
    needed = pair.needed(margin)
    assert needed is None or needed > pair.n


def test_an_inconclusive_loss_names_a_number_that_decides():
    assert 300 < Paired(6, 5, 300).needed(0.01) < 10_000  # no loss seen: as if there were none
    # A loss is shown, and beyond the margin: what shows that, were the estimate true.
    lost = Paired(20, 4, 500)
    assert lost.low > 0 and lost.p_above(0.02) > ALPHA
    n = lost.needed(0.02)
    scale = n / 500
    assert Paired(round(20 * scale), round(4 * scale), n).p_above(0.02) < ALPHA


def test_a_small_pilot_without_differences_does_not_ask_for_few():
    assert Paired(0, 0, 50).needed(0.01) > 1000


@pytest.mark.parametrize("counts", [(0, 0, 1), (1, 0, 1), (0, 1, 1), (50, 0, 50), (0, 0, 100_000)])
def test_degenerate_counts_have_bounds(counts):
    pair = Paired(*counts)
    assert pair.low <= pair.value <= pair.high
    for margin in (-1.0, -0.5, 0.0, 0.5, 1.0, 1.5, -1.5):
        assert 0 <= pair.p_below(margin) <= 1
        assert 0 <= pair.p_above(margin) <= 1


def test_no_difference_is_no_proof_in_few_samples():
    assert Paired(0, 0, 100).p_below(0.01) > ALPHA
    assert Paired(0, 0, 1000).p_below(0.01) <= ALPHA
    assert Paired(0, 0, 1000).p_below(0.0) == 1.0


def test_a_margin_beyond_all_losses_is_decided():
    assert Paired(5, 0, 10).p_below(1.1) == 0.0
    assert Paired(5, 0, 10).p_above(1.1) == 1.0


def test_of_counts_samples():
    reference = np.array([1.0, 1, 0, 0, 1, 1])
    candidate = np.array([1.0, 0, 1, 0, 0, 1])
    assert Paired.of(reference, candidate) == Paired(2, 1, 6)
    assert Paired.of(reference, candidate).counted == "samples"


@pytest.mark.parametrize(
    ("reference", "candidate", "says"),
    [
        (np.ones(3), np.ones(4), "same samples"),
        (np.ones((2, 2)), np.ones((2, 2)), "same samples"),
        (np.ones(0), np.ones(0), "same samples"),
        (np.ones(3), np.array([1, 0.5, 0]), "wrong, 0"),
        (np.array([1, np.nan, 0]), np.ones(3), "wrong, 0"),
    ],
)
def test_of_refuses_what_is_neither_right_nor_wrong(reference, candidate, says):
    with pytest.raises(DataError, match=says):
        Paired.of(reference, candidate)


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5), (0, 0, 0)])
def test_impossible_counts_are_refused(counts):
    with pytest.raises(DataError, match="some of all"):
        Paired(*counts)


def test_a_discordance_is_a_share():
    with pytest.raises(DataError, match="share of samples"):
        samples_needed(2, 0.01)
