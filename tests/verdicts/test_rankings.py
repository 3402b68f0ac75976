"""Rankings of many draws at once are those of each draw by itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as sklearn_metrics

from edgekit.verdicts.rankings import average_precision, equal_error_rate, times

N = 40


def test_times_counts_each_sample_in_each_choice():
    rows = np.array([[0, 0, 2], [3, 3, 3]])
    assert times(rows, 4).tolist() == [[2, 0, 1, 0], [0, 0, 0, 3]]


@given(seed=st.integers(0, 10_000), classes=st.integers(1, 3), steps=st.sampled_from((3, 1000)))
def test_average_precision_is_scikit_learns_of_the_classes_that_are_there(seed, classes, steps):
    rng = np.random.default_rng(seed)
    scores = rng.integers(0, steps, (classes, N)) / steps
    labels = (rng.random((classes, N)) < 0.1).astype(float)
    labels[0, 0] = 1
    rows = np.concatenate([rng.integers(0, N, (3, N)), np.arange(N)[None]])
    found = average_precision(np.concatenate([scores, labels]), rows)
    for value, row in zip(found, rows, strict=True):
        there = labels[:, row].any(axis=1)
        if not there.any():
            assert np.isnan(value)
            continue
        wanted = sklearn_metrics.average_precision_score(labels[there][:, row].T,
                                                         scores[there][:, row].T)  # fmt: skip
        assert value == pytest.approx(wanted)


def test_more_choices_than_are_looked_at_together_come_in_their_order():
    rng = np.random.default_rng(0)
    parts = np.stack([rng.random(N), rng.random(N) < 0.5])
    rows = rng.integers(0, N, (600, N))
    together = average_precision(parts, rows)
    assert together[[0, 300, 599]] == pytest.approx(average_precision(parts, rows[[0, 300, 599]]))


def test_an_equal_error_rate_of_one_class_is_no_number():
    parts = np.stack([np.arange(4.0), [0, 1, 0, 1]])
    found = equal_error_rate(parts, np.array([[0, 1, 2, 3], [0, 2, 0, 2], [1, 3, 1, 3]]))
    assert found[0] == pytest.approx(0.5)
    assert np.isnan(found[1:]).all()
