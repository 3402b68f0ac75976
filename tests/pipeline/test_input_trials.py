"""Which way is surely better, and what is no better than guessing."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.records import Metric
from edgekit.pipeline.input_trials import beats_guessing, is_ahead


def test_ahead_by_more_than_chance():
    assert is_ahead([1.0] * 30, [1.0] * 15 + [0.0] * 15)
    assert not is_ahead([1.0] * 30, [1.0] * 25 + [0.0] * 5)
    assert is_ahead([1.0] * 30, [1.0] * 25 + [0.0] * 5, errors=2.0)
    assert not is_ahead([1.0] * 30, [1.0] * 30, errors=0.0)


@pytest.mark.parametrize("better", ["higher", "lower"])
@pytest.mark.parametrize(
    ("answers", "beats"),
    [
        ("right", True),
        ("half", True),
        ("random", False),
        ("one class", False),
    ],
)
def test_outputs_that_know_nothing_of_the_labels_do_not_beat_guessing(answers, beats, better):
    labels = np.arange(64) % 4
    outputs = {
        "right": labels,
        "half": np.where(np.arange(64) < 32, labels, (labels + 1) % 4),
        "random": np.random.default_rng(1).integers(0, 4, 64),
        "one class": np.zeros(64, int),
    }[answers]

    def measured(order: np.ndarray) -> Metric:
        share = float((outputs == labels[order]).mean())
        value = share if better == "higher" else 1 - share
        return Metric(name="m", value=value, better=better)

    whole = measured(np.arange(64))
    assert beats_guessing(whole, measured, 64, varied=True) == beats
    # Where labels cannot tell, nothing is said.
    assert beats_guessing(whole, measured, 64, varied=False)
    assert beats_guessing(whole, measured, 8, varied=True)
