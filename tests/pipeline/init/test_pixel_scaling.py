"""How pixels become inputs, by trial."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.records import Limits
from edgekit.frontend.describe import Source
from edgekit.pipeline.init import lookup, pixel_scaling
from tests.pipeline.init.descriptions import pixels, trial


@pytest.mark.parametrize(
    ("best", "other", "wins"),
    [
        ([1] * 90 + [0] * 10, [1] * 60 + [0] * 40, True),
        ([1] * 90 + [0] * 10, [1] * 85 + [0] * 15, False),  # 5 samples are chance
        ([1] * 40 + [0] * 60, [0] * 100, False),  # a third is right by chance alone
        ([1] * 100, [1] * 100, False),
    ],
)
def test_a_way_wins_that_is_right_more_often_than_chance(best, other, wins):
    trials = [trial("0 to 1", best), trial("0 to 255", other)]
    won = pixel_scaling.winner(trials, pixels(takes_pixels=False).contract)
    assert (won is trials[0]) == wins and (won is None) != wins


def test_one_way_alone_wins_nothing():
    assert pixel_scaling.winner([trial("a", [1])], pixels(takes_pixels=False).contract) is None


@pytest.mark.parametrize(
    ("array", "labels"),
    [
        (np.zeros((6, 8, 9, 3), np.float32), True),  # inputs already
        (np.full((6, 8, 9, 3), 999), True),
        (np.zeros((6, 8, 9, 3), np.uint8), False),
    ],
    ids=["floats", "no pixels", "no labels"],
)
def test_nothing_is_tried_where_a_trial_would_say_nothing(tmp_path, array, labels):
    np.savez(tmp_path / "data.npz", x=array, **({"y": [0, 1, 2] * 2} if labels else {}))
    told = pixels(takes_pixels=False)
    source = Source(model=told.recognised.path, unsafe=False)
    found = lookup.beside(tmp_path, told.contract, tmp_path / "m.keras")
    assert found.num_samples == 6
    ways = pixel_scaling.tries(
        told.recognised, source, told.contract, found, limits=Limits(), on_progress=pytest.fail
    )
    assert ways == ()
