"""Influence is the derivative by a sample's weight, as differences of many copies show."""

import numpy as np
import pytest

from edgekit.verdicts import recompute
from edgekit.verdicts.influence import influence

N, COPIES = 30, 400
RNG = np.random.default_rng(0)
LABELLED = RNG.integers(0, 5, (3, N)).astype(float)
OVERLAP = np.floor(LABELLED * RNG.random((3, N)))
SCORES = RNG.integers(0, 9, (2, N)).astype(float)  # some are equal
PARTS = {
    "f1": np.concatenate([OVERLAP, OVERLAP + RNG.integers(0, 3, (3, N)), LABELLED]),
    "ratio": np.stack([RNG.integers(0, 4, N), RNG.integers(1, 9, N)]).astype(float),
    "r2": np.concatenate([RNG.random((2, N)), 1e3 + 3 * RNG.normal(size=(2, N))]),
    "average_precision": np.concatenate([SCORES, RNG.random((2, N)) < 0.3]).astype(float),
}
PARTS["iou"] = PARTS["f1"]


@pytest.mark.parametrize("statistic", PARTS)
def test_it_is_what_a_sample_more_does(statistic):
    parts = PARTS[statistic]
    found = influence(statistic, parts)
    assert found.mean() == pytest.approx(0, abs=1e-9)
    rows = np.tile(np.arange(N), (N, COPIES))
    [value] = recompute.compute(statistic, parts, np.arange(N)[None])
    more = np.concatenate([rows, np.arange(N)[:, None]], axis=1)
    less = np.array([np.delete(row, place) for place, row in enumerate(rows)])
    between = recompute.compute(statistic, parts, more) - recompute.compute(statistic, parts, less)
    assert between * N * COPIES / 2 == pytest.approx(found, rel=1e-3, abs=1e-3 * abs(value))


@pytest.mark.parametrize("statistic", ["f1", "iou"])
def test_a_class_that_nothing_is_labelled_as_does_not_count(statistic):
    parts = PARTS[statistic].copy()
    parts[[2, 8]] = 0  # its overlap and its labels: what is predicted stays
    rest = parts[[0, 1, 3, 4, 6, 7]]
    assert influence(statistic, parts) == pytest.approx(influence(statistic, rest))
    rows = np.arange(N)[None]
    assert recompute.compute(statistic, parts, rows) == recompute.compute(statistic, rest, rows)


def test_what_has_no_plain_form_is_not_guessed():
    assert influence("eer", PARTS["ratio"]) is None
