"""Metrics as records: intervals end where values do, and hold what they should."""

import numpy as np
import pytest

from edgekit.measure.by_sample import of_means, of_parts


def test_a_mean_has_its_interval_and_its_notes():
    found = of_means(np.array([1.0, 2.0, 6.0]), "lower", "dB", "of three")
    assert (found.value, found.unit, found.better, found.note) == (3.0, "dB", "lower", "of three")
    assert found.low < 3 < found.high
    one = of_means(np.array([1.0]), "higher", note="short")
    assert (one.low, one.high, one.note) == (None, None, "short; one sample: no interval")


def test_an_interval_ends_where_values_do():
    wanted = np.ones((1, 40))
    overlap = wanted.copy()
    overlap[0, 0] = 0
    parts = np.concatenate([overlap, overlap, wanted])
    found = of_parts("f1", parts, 78 / 79)
    assert found.value <= found.high <= 1.0
    errors = np.stack([np.zeros(40), np.ones(40)])
    errors[0, :2] = 30
    rate = of_parts("ratio", errors, 1.5, better="lower", most=np.inf)
    assert rate.low >= 0.0 and rate.high > 1.5


@pytest.mark.slow
def test_intervals_hold_the_truth_as_often_as_they_say():
    """Of F1 over 80 samples of three tags, 300 times."""
    rng = np.random.default_rng(0)

    def draw(n):
        truth = rng.random((3, n)) < [[0.2], [0.4], [0.6]]
        said = truth ^ (rng.random(truth.shape) < 0.2)
        return np.concatenate([truth & said, said, truth]).astype(float)

    def value(parts):
        overlap, said, truth = parts.reshape(3, 3, -1).sum(axis=2)
        return float(np.mean(2 * overlap / (said + truth)))

    whole = value(draw(200_000))
    held = 0
    for _ in range(300):
        parts = draw(80)
        found = of_parts("f1", parts, value(parts))
        held += found.low <= whole <= found.high
    assert 0.90 <= held / 300 <= 0.98
