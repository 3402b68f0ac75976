"""The bootstrap, against scipy's BCa and by simulation; what it does not claim."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats

from edgekit.core.errors import DataError
from edgekit.verdicts.bootstrap import FEWEST, Bootstrapped
from edgekit.verdicts.evidence import LEVEL
from edgekit.verdicts.recompute import compute, strata

ALPHA = 1 - LEVEL


def of_mean(values, **options):
    parts = np.asarray(values, dtype=float)[None]
    return Bootstrapped.of(lambda rows: compute("mean", parts, rows), parts.shape[1], **options)


@st.composite
def samples(draw):
    n = draw(st.integers(FEWEST, 120))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    drawn = {
        "normal": rng.normal(1, 2, n),
        "skewed": rng.exponential(1, n),
        "rare": (rng.random(n) < 0.05) * rng.exponential(1, n),
        "whole": rng.integers(-2, 3, n),
        "constant": np.full(n, 0.3),
    }
    return drawn[draw(st.sampled_from(sorted(drawn)))]


@pytest.mark.parametrize("draw", ["normal", "skewed", "median"])
def test_bounds_are_scipys_bca(draw):
    rng = np.random.default_rng(1)
    values = rng.exponential(1, 400) if draw != "normal" else rng.normal(3, 2, 400)
    statistic = np.mean if draw != "median" else lambda v, axis: np.sqrt(np.mean(v**2, axis=axis))
    evidence = Bootstrapped.of(lambda rows: statistic(values[rows], axis=1), 400, resamples=4000)
    wanted = stats.bootstrap(
        (values,),
        statistic,
        n_resamples=20_000,
        confidence_level=2 * LEVEL - 1,
        method="BCa",
        rng=np.random.default_rng(2),
    ).confidence_interval
    evidence = replace(evidence, freedom=math.inf)
    near = 0.04 * (wanted.high - wanted.low)  # draws are few
    assert (evidence.low, evidence.high) == pytest.approx((wanted.low, wanted.high), abs=near)


def test_where_few_samples_carry_most_the_bounds_reach_further():
    rng = np.random.default_rng(3)
    normal, tailed = rng.normal(size=300), rng.normal(size=300)
    tailed[:20] *= 6
    for values, most in ((normal, 299), (tailed, 80)):
        found = Bootstrapped.of(lambda rows, v=values: v[rows].mean(axis=1), 300)
        assert 3 <= found.freedom <= most
        plain = replace(found, freedom=299.0)
        assert found.low <= plain.low < plain.high <= found.high
    assert found.high - found.low > 1.02 * (plain.high - plain.low)


def test_groups_of_samples_have_the_freedom_of_samples():
    rng = np.random.default_rng(4)
    values = rng.standard_t(8, 6000)
    found = Bootstrapped.of(lambda rows: values[rows].mean(axis=1), 6000, resamples=1000)
    each = Bootstrapped.of(
        lambda rows: values[rows].mean(axis=1),
        6000,
        resamples=1000,
        jackknife=(values.sum() - values) / 5999,
    )
    assert found.freedom == pytest.approx(each.freedom, rel=0.5)


@settings(max_examples=40)
@given(samples(), st.floats(-3, 5))
def test_bounds_and_p_values_say_the_same(values, limit):
    evidence = of_mean(values, resamples=1000)
    assume(min(abs(limit - evidence.low), abs(limit - evidence.high)) > 1e-6)
    assert (evidence.high < limit) == (evidence.p_below(limit) <= ALPHA)
    assert (evidence.low > limit) == (evidence.p_above(limit) <= ALPHA)


@settings(max_examples=40)
@given(samples())
def test_p_values_at_the_bounds_are_the_level(values):
    evidence = of_mean(values, resamples=1000)
    width = evidence.high - evidence.low
    assume(width > 1e-9)
    for step in (1e-6, 0.01, 0.1):
        assert evidence.p_below(evidence.high + step * width) <= ALPHA
        assert evidence.p_below(evidence.high - step * width) > ALPHA
        assert evidence.p_above(evidence.low - step * width) <= ALPHA
        assert evidence.p_above(evidence.low + step * width) > ALPHA


@settings(max_examples=40)
@given(samples(), st.floats(-3, 5), st.floats(-3, 5))
def test_p_values_are_monotone_and_never_zero(values, one, other):
    evidence, (smaller, larger) = of_mean(values, resamples=1000), sorted((one, other))
    assert evidence.p_below(smaller) >= evidence.p_below(larger) >= 1e-3
    assert 1e-3 <= evidence.p_above(smaller) <= evidence.p_above(larger) <= 1


@settings(max_examples=30)
@given(samples(), st.floats(0.01, 100), st.floats(-10, 10))
def test_bounds_scale_and_shift_with_the_quantity(values, factor, shift):
    plain = of_mean(values, resamples=1000)
    moved = of_mean(values * factor + shift, resamples=1000)
    near = 1e-7 * (factor + abs(shift))
    assert moved.low == pytest.approx(plain.low * factor + shift, abs=near)
    assert moved.high == pytest.approx(plain.high * factor + shift, abs=near)


@settings(max_examples=30)
@given(samples())
def test_bounds_hold_the_value(values):
    evidence = of_mean(values, resamples=1000)
    assert evidence.low - 1e-9 <= evidence.value <= evidence.high + 1e-9
    assert evidence.value == pytest.approx(np.mean(values), abs=1e-12)


def test_the_same_samples_give_the_same_verdict():
    values = np.random.default_rng(0).normal(size=50)
    assert of_mean(values).high == of_mean(values).high
    assert of_mean(values).high != of_mean(values, seed=1).high


def test_below_thirty_samples_nothing_is_claimed():
    few = of_mean(np.arange(29.0))
    assert few.value == 14
    assert few.low == -np.inf and few.high == np.inf
    assert few.p_below(1e9) == few.p_above(-1e9) == 1.0
    assert few.needed(1e9) == FEWEST


def test_equal_files_have_no_loss_but_no_certainty():
    same = of_mean(np.zeros(200), hope=0.0)
    assert (same.low, same.value, same.high) == (0.0, 0.0, 0.0)
    assert 0 < same.p_below(0.01) < 0.001
    assert same.p_above(0.01) > 0.99
    assert same.p_below(0.0) > ALPHA


@pytest.mark.parametrize("differing", [1, 3, 10])
def test_few_that_differ_are_judged_by_their_number(differing):
    values = np.zeros(500)
    values[:differing] = 1.0
    wanted = stats.binomtest(differing, 500).proportion_ci(2 * LEVEL - 1).high
    evidence = of_mean(values)
    assert evidence.rare is not None
    # Of a share it is the exact bound, times what the next difference may be larger.
    assert evidence.high == pytest.approx(wanted * (1 + 2 / differing))


@pytest.mark.slow
def test_rare_losses_of_the_margin_rarely_pass():
    rng = np.random.default_rng(4)
    passed = 0
    for seed in range(300):
        lost = (rng.random(400) < 0.01) * rng.exponential(1, 400)
        # Where nothing differs nothing can be known: that is another test's.
        passed += lost.any() and of_mean(lost, resamples=1000, seed=seed).p_below(0.01) <= ALPHA
    assert passed / 300 <= 0.05


def test_draws_that_spread_too_little_are_stretched_to_the_jackknife():
    values = np.random.default_rng(8).normal(size=200)
    mean = of_mean(values)
    assert mean.stretch == 1
    assert of_mean(values, is_average_precision=True).stretch == pytest.approx(1, abs=0.03)

    def halved(rows):  # draws that repeat samples vary half as much as the metric does
        repeats = np.array([len(set(row)) < len(row) for row in rows.tolist()])
        return values.mean() + (values[rows].mean(axis=1) - values.mean()) / (1 + repeats)

    assert Bootstrapped.of(halved, 200).stretch == 1
    found = Bootstrapped.of(halved, 200, is_average_precision=True)
    assert found.stretch == pytest.approx(2, rel=0.06)
    assert found.high - found.low == pytest.approx(mean.high - mean.low, rel=0.05)
    assert found.p_below(0.2) == pytest.approx(mean.p_below(0.2), rel=0.3)


@pytest.mark.slow
def test_a_loss_of_the_margin_rarely_passes_and_rarely_fails():
    rng = np.random.default_rng(5)
    verdicts = []
    for seed in range(400):
        evidence = of_mean(rng.normal(0.05, 1, 60), resamples=1000, seed=seed)
        verdicts.append((evidence.p_below(0.05) <= ALPHA, evidence.p_above(0.05) <= ALPHA))
    # Three standard errors of 400 runs above 5 %.
    assert np.mean(verdicts, axis=0) == pytest.approx(ALPHA, abs=0.033)


def test_a_jackknife_by_groups_finds_the_skewness_too():
    values = np.random.default_rng(6).exponential(1, 1500)  # above 1,000: groups of 3
    left = (values.sum() - values) / 1499
    grouped, single = of_mean(values), of_mean(values, jackknife=left)
    assert grouped.bca.acceleration == pytest.approx(single.bca.acceleration, rel=0.3)
    closed = stats.skew(values) / (6 * np.sqrt(1500))
    assert single.bca.acceleration == pytest.approx(closed, rel=1e-6)


def test_draws_keep_the_size_of_each_group():
    classes = np.repeat([0, 1], [50, 10])
    seen = []

    def share(rows):
        seen.append(classes[rows].mean(axis=1))
        return np.asarray(rows.mean(axis=1))

    left = (np.arange(60).sum() - np.arange(60.0)) / 59
    Bootstrapped.of(share, 60, strata=classes, resamples=1000, jackknife=left)
    assert np.concatenate(seen) == pytest.approx(10 / 60)


def scores(n, positives):
    rng = np.random.default_rng(7)
    classes = np.repeat([1.0, 0.0], [positives, n - positives])
    return np.stack([rng.normal(size=n) + classes, classes])


def test_a_draw_of_one_class_is_refused_unless_groups_prevent_it():
    parts = scores(60, 5)

    def area(rows):
        return compute("auc", parts, rows)

    with pytest.raises(DataError, match="every draw of samples"):
        Bootstrapped.of(area, 60)
    evidence = Bootstrapped.of(area, 60, strata=strata("auc", parts))
    assert evidence.low < evidence.value < evidence.high


def test_of_a_group_of_few_nothing_is_claimed():
    parts = scores(60, 2)
    evidence = Bootstrapped.of(
        lambda rows: compute("auc", parts, rows), 60, strata=strata("auc", parts)
    )
    assert evidence.p_above(0.0) == evidence.p_below(1.0) == 1.0
    assert evidence.needed(0.5) == 150  # five of the class that two in sixty belong to


def test_one_class_only_is_refused():
    parts = scores(60, 0)
    with pytest.raises(DataError, match="every draw"):
        Bootstrapped.of(lambda rows: compute("auc", parts, rows), 60, strata=parts[1])


def test_groups_are_for_all_samples():
    with pytest.raises(DataError, match="must belong to one group"):
        Bootstrapped.of(lambda rows: rows.mean(axis=1), 40, strata=np.zeros(39))


def test_the_samples_asked_for_decide():
    values = np.random.default_rng(8).normal(0.0, 1, 100)
    values -= values.mean() - 0.02
    needed = of_mean(values, hope=0.0).needed(0.1)
    # (1.645 + 0.842)^2 / 0.1^2 for a spread of 1; the hope is taken, not the estimate.
    assert needed == pytest.approx(618 * values.var(), rel=0.1)
    assert of_mean(values).needed(0.1) == pytest.approx(needed / 0.8**2, rel=0.1)


def test_no_number_decides_where_the_estimate_is_the_limit():
    values = np.random.default_rng(9).normal(0.0, 1, 100)
    evidence = of_mean(values)
    assert evidence.needed(evidence.value) is None
    assert evidence.needed(evidence.value + 1e-9) is None


@pytest.mark.slow
def test_memory_is_bounded_for_many_samples():
    largest = 0

    def watched(rows):
        nonlocal largest
        largest = max(largest, rows.size)
        return np.asarray((rows % 7).mean(axis=1))

    evidence = Bootstrapped.of(watched, 100_000, resamples=4000)
    assert largest <= 1 << 21
    assert len(evidence.draws) == 1000


def test_few_that_differ_are_found_behind_a_ratio_too():
    rng = np.random.default_rng(10)
    before = rng.exponential(1, 300)
    after = before.copy()
    after[[5, 50, 250]] += 1.0

    def lost(rows):
        old, new = (compute("mean", parts[None], rows) for parts in (before, after))
        return (new - old) / old

    evidence = Bootstrapped.of(lost, 300)
    assert evidence.rare is not None
    assert (evidence.rare.up, evidence.rare.down) == (3, 0)
    assert evidence.high > stats.binomtest(3, 300).proportion_ci(2 * LEVEL - 1).high
