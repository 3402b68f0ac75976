from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import Candidate
from edgekit.data.samples import Samples
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.trained import keep_learned
from edgekit.quantize.trained.grid import grid
from tests.quantize import tiny_models as tiny

INT4 = recipes.get("weight_only_wi4_afp32")
X = Samples(inputs={"x": tiny.correlated(24, 7, 7, 3)})
STARTED = (
    Candidate(name="nearest", sqnr_db=1.0),
    Candidate(name="gptq", sqnr_db=2.0, chosen=True),
)


@pytest.fixture(scope="module")
def coarse() -> Prepared:
    """int4 by round-to-nearest."""
    return Prepared(float_model=tiny.picture_net(final=1), candidates=STARTED)


@pytest.fixture(scope="module")
def fine(coarse) -> Prepared:
    """int8: what nothing learned with int4 would be as good as."""
    weights = grid(coarse, recipes.get("weight_only_wi8_afp32")).weights
    return replace(coarse, weights=weights)


def judged(old: Prepared, new: Prepared, model=None) -> Prepared:
    int8 = recipes.get("weight_only_wi8_afp32")
    models = [one.apply(int8 if one.weights else INT4) for one in (old, new)]
    models[1] = model or models[1]
    contract = tflite.contract(old.float_model)
    return keep_learned.better(old, new, models, X, contract)


def test_what_comes_nearer_to_float_is_kept_and_named(coarse, fine):
    kept = judged(coarse, fine)
    assert kept.weights == fine.weights
    *others, learned = kept.candidates
    assert [one.name for one in others] == ["nearest", "gptq"]
    assert not any(one.chosen for one in others)
    assert (learned.name, learned.chosen) == ("gptq, learned across layers", True)
    assert learned.sqnr_db > 20


def test_what_does_not_is_named_and_the_old_one_stays(coarse, fine):
    kept = judged(fine, coarse)
    assert kept.weights == fine.weights
    assert [one.chosen for one in kept.candidates] == [False, True, False]
    # The same again is no better.
    again = judged(coarse, replace(coarse, equalized={"x": (1,)}))
    assert again.equalized == {}
    assert again.candidates[-1].chosen is False


def test_outputs_that_are_not_finite_are_never_kept(coarse, fine):
    [(index, weights)] = list(fine.weights.items())[-1:]
    wrong = replace(weights, bias=np.full_like(weights.bias, np.inf))
    broken = replace(fine, weights={**fine.weights, index: wrong})
    assert judged(coarse, broken).weights == {}
