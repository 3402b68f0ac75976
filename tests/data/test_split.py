"""Drawing, splitting, overlap."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import DataError, UsageError
from edgekit.data.samples import Samples
from edgekit.data.split import draw, hold_out, hold_out_fifth, order, overlap, split


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.integers(0, 2**32 - 1), st.data())
def test_a_draw_is_stratified_disjoint_and_repeatable(labels, seed, data):
    labels = np.array(labels)
    limit = data.draw(st.integers(1, len(labels)))
    indices = order(labels, len(labels), seed)
    assert sorted(indices.tolist()) == list(range(len(labels)))
    taken = Counter(labels[indices[:limit]].tolist())
    # The keys of all samples are spread evenly over 0 to 1, so that the first `limit` of
    # them lie below a threshold t, and each class has floor or ceiling of t * size there.
    shares = [taken[c] - limit * size / len(labels) for c, size in Counter(labels.tolist()).items()]
    assert max(shares) - min(shares) <= 2 + 1e-9
    np.testing.assert_array_equal(indices, order(labels, len(labels), seed))


def test_data_ordered_by_class_is_drawn_in_proportion():
    labels = np.repeat([0, 1, 2], [700, 200, 100])
    assert Counter(labels[draw(labels, 1000, 100, 3)].tolist()) == {0: 70, 1: 20, 2: 10}


def test_names_and_column_vectors_count_as_classes():
    names = np.repeat(["a", "b"], 50)
    assert Counter(names[draw(names, 100, 10, 0)].tolist()) == {"a": 5, "b": 5}
    column = np.repeat([0, 1], 50)[:, None]
    assert column[draw(column, 100, 10, 0)].sum() == 5


def test_targets_are_drawn_plainly_and_seeds_differ():
    targets = np.linspace(0, 1, 100)
    one, two = draw(targets, 100, 10, 0), draw(targets, 100, 10, 1)
    assert len(set(one.tolist())) == 10
    assert set(one.tolist()) != set(two.tolist())


def test_no_limit_keeps_the_order():
    assert draw(None, 5, None, 0).tolist() == [0, 1, 2, 3, 4]
    assert draw(np.array([1, 0, 1]), 3, 7, 0).tolist() == [0, 1, 2]


def test_limit_below_one():
    with pytest.raises(UsageError, match="at least 1"):
        draw(None, 5, 0, 0)


def test_split_parts_are_disjoint_and_stratified():
    labels = np.repeat([0, 1], [60, 40])
    samples = Samples(inputs={"x": np.arange(100)}, labels=labels)
    parts = split(samples, {"calibration": 20, "golden": 5, "evaluation": 50}, seed=1)
    assert [len(part) for part in parts.values()] == [20, 5, 50]
    seen = np.concatenate([part.inputs["x"] for part in parts.values()])
    assert len(set(seen.tolist())) == 75
    assert Counter(parts["calibration"].labels.tolist()) == {0: 12, 1: 8}
    assert abs(Counter(parts["evaluation"].labels.tolist())[0] - 30) <= 1
    assert overlap(parts["calibration"], parts["evaluation"]) == 0


def test_split_needs_enough():
    samples = Samples(inputs={"x": np.arange(4)})
    with pytest.raises(DataError, match=r"need 5 samples \(a 3, b 2\)"):
        split(samples, {"a": 3, "b": 2})
    with pytest.raises(UsageError):
        split(samples, {"a": 0})


def test_overlap_counts_samples_that_stand_in_both():
    x = np.random.default_rng(0).integers(0, 255, (10, 3), dtype=np.uint8)
    a = Samples(inputs={"x": x[:6]})
    b = Samples(inputs={"x": x[4:].astype(np.float32)})
    assert overlap(a, b) == overlap(b, a) == 2
    assert overlap(a, a) == 6


def test_what_something_was_fitted_to_does_not_judge_it():
    samples = Samples(inputs={"x": np.arange(40, dtype=np.float32)[:, None]})
    fitted = samples.take(range(30))
    fit, held = hold_out(samples, 6, 0, fitted)
    assert (len(fit), len(held)) == (34, 6)
    assert overlap(held, fitted) == overlap(held, fit) == 0
    assert len(hold_out(samples, 20, 0, fitted)[1]) == 10  # no more are left
    fit, held = hold_out(samples, 6, 0, samples)  # none are: all of them may judge
    assert (len(fit), len(held), overlap(held, fit)) == (34, 6, 0)


@pytest.mark.parametrize(("count", "most", "held"), [(100, 100, 20), (1000, 50, 10), (20, 99, 4)])
def test_a_fifth_of_those_drawn_judges(count, most, held):
    fit, judge = hold_out_fifth(count, most, np.random.default_rng(0))
    assert len(judge) == held
    assert len({*fit.tolist(), *judge.tolist()}) == min(count, most)


def test_few_samples_do_both():
    fit, judge = hold_out_fifth(19, 99, np.random.default_rng(0))
    assert sorted(fit.tolist()) == sorted(judge.tolist()) == list(range(19))
