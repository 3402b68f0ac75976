"""Which operators are kept, on a network of which one layer is hard to quantize."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import Override, Recipe
from edgekit.data.samples import Samples
from edgekit.data.split import held_back
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.search import precision_choices, run_model
from edgekit.search.loss_bound import NOTHING, Bound
from edgekit.search.operator_groups import OperatorGroup
from edgekit.search.precision_choices import Solution, Trials
from edgekit.search.search_messages import LossLimits
from tests.quantize.test_candidates import how
from tests.quantize.tiny_models import RELU, Network, correlated, extremes, random

INT8 = recipes.get("static_wi8_ai8")
INT4 = recipes.get("weight_only_wi4_afp32")
INPUTS = {"x": correlated(60, 7, 7, 3)}


def hard_net() -> bytes:
    """Four convolutions and a dense layer: what passes between the first two is hard to round.

    One channel there is a hundred times as large as the others, and counts as much as they do.
    """
    net = Network(shape=(7, 7, 3))
    first, second = random(8, 3, 3, 3, scale=0.3), random(8, 3, 3, 8, scale=0.15)
    first[0] *= 100
    second[..., 0] /= 100
    y = net.conv(net.x, first, random(8, seed=1, scale=0.1), activation=RELU)
    y = net.conv(y, second, random(8, seed=2, scale=0.1), activation=RELU)
    for seed in (3, 4):
        y = net.conv(y, random(8, 1, 1, 8, seed=seed, scale=0.4), None, activation=RELU)
    return net.finish(y=net.dense(net.mean(y), random(5, 8, scale=0.4), random(5, seed=4)))


CONTENT = hard_net()


def trials(
    recipe: Recipe = INT8, *, min_sqnr_db: float | None = None, device="cpu", **loss
) -> Trials:
    samples = Samples(inputs=INPUTS)
    fit, held = held_back(samples, 0)
    everything = run_model.joined(held, fit)
    model = tflite.read(CONTENT)
    limits = LossLimits(min_sqnr_db=min_sqnr_db, **loss)
    expected = run_model.outputs(model, everything)
    bound = Bound(tflite.contract(CONTENT), everything, expected, len(held), limits)
    static = recipe.quantize is not None and recipe.quantize.needs_ranges
    prepared = Prepared(float_model=CONTENT, ranges=extremes(CONTENT, INPUTS) if static else None)
    return Trials(model, recipe, prepared, bound, fit=fit, device=device, report=lambda line: None)


@pytest.fixture(scope="module")
def unrepaired() -> float:
    """What the file reaches with nothing kept, in dB."""
    return trials(min_sqnr_db=0.0).judge((), "float32").value


@pytest.fixture(scope="module")
def solved(unrepaired) -> tuple[Trials, list[Solution]]:
    made = trials(min_sqnr_db=unrepaired + 6)
    return made, made.solutions()


def test_the_bound_does_not_hold_by_itself_and_holds_with_some_kept(solved, unrepaired):
    made, found = solved
    first = made.judge((), "float32")
    assert not first.holds
    assert first.excess == pytest.approx(6, abs=0.01)
    assert 0 < min(solution.num_operators for solution in found) < made.num_operators
    for solution in found:
        assert solution.verdict.holds
        model = made.model(solution.kept, solution.fallback)
        outputs = run_model.outputs(model, Samples(inputs=INPUTS))
        assert all(np.isfinite(values).all() for values in outputs.values())


def test_what_is_needed_cannot_be_given_back(solved):
    made, found = solved
    for solution in found:
        for group in solution.needed:
            fewer = tuple(one for one in solution.needed if one is not group)
            assert not made.judge(fewer, solution.fallback).holds


def test_one_choice_is_measured_once(solved, monkeypatch):
    made, found = solved
    monkeypatch.setattr(made, "model", None)
    for solution in found:
        assert made.judge(solution.kept, solution.fallback) is solution.verdict


def test_each_kept_operator_has_a_reason(solved):
    _, found = solved
    for solution in found:
        reasons = solution.reasons(sure=True)
        assert set(reasons) == {i for group in solution.kept for i in group.operators}
        assert all(reasons.values())


def test_nothing_holds_what_cannot_be_held():
    made = trials(min_sqnr_db=300.0)
    assert made.solutions() == []
    verdict, count = made.nearest
    assert verdict is not NOTHING
    assert 0 < count < made.num_operators
    assert verdict.value > made.judge((), "float32").value


def test_for_hardware_int16_activations_come_first(unrepaired):
    [first, *_] = trials(min_sqnr_db=unrepaired + 6, device="npu").solutions()
    assert first.fallback == "static_wi8_ai16"


def test_int4_weights_fall_back_to_int8_and_only_once():
    made = trials(how(INT4, rounding="nearest", bias_correction=False), min_sqnr_db=0.0)
    limit = made.judge((), "float32").value + 3
    made = trials(how(INT4, rounding="nearest", bias_correction=False), min_sqnr_db=limit)
    [solution] = made.solutions()
    assert solution.fallback == "weight_only_wi8_afp32"
    assert all(group.weighted for group in solution.kept)
    assert solution.kept == solution.needed


def test_what_was_asked_for_by_hand_stays():
    layer = next(op for op in tflite.operators(tflite.read(CONTENT)) if op.name == "CONV_2D")
    by_hand = how(INT8, overrides=(Override(layers=layer.layer, recipe="float32"),))
    made = trials(by_hand, min_sqnr_db=0.0)
    exceptions = made.exceptions((), "float32")
    assert exceptions[layer.index] is None
    for solution in trials(by_hand, min_sqnr_db=300.0).solutions():
        assert layer.index not in {i for one in solution.kept for i in one.operators}


def group(number: int, sqnr_db: float = 20.0) -> OperatorGroup:
    return OperatorGroup(
        operators=(number,),
        names=("CONV_2D",),
        layer=f"l{number}",
        weighted=True,
        noise=10 ** (-sqnr_db / 10),
        weight_bytes=1,
    )


@pytest.mark.parametrize(
    ("changes", "sure", "words"),
    [
        ({"needed": (group(1),)}, True, "its error alone leaves the outputs at 20.0 dB"),
        ({"needed": (group(1, -3.0),), "kept": (group(1, -3.0),)}, True, "drowns the outputs"),
        ({"needed": (group(1, 70.0),), "kept": (group(1, 70.0),)}, True, "until the bound held"),
        ({"closes_gaps": True}, True, "fewer casts"),
        ({}, True, "faster with it kept"),
        ({}, False, "too few samples to be sure"),
    ],
)
def test_the_reason_says_why(changes, sure, words):
    fixed = {"kept": (group(1),), "fallback": "float32", "verdict": NOTHING, "needed": ()}
    [reason] = Solution(**(fixed | changes)).reasons(sure=sure).values()
    assert words in reason


def test_the_number_of_trials_falls_with_the_size_of_the_model(monkeypatch):
    made = trials(min_sqnr_db=20.0)
    counts = []
    for work in (1e15, 1e6, 1.0):
        monkeypatch.setattr(precision_choices, "_WORK", work)
        counts.append(made._affordable())
    assert counts[0] == 80
    assert counts[-1] == 16
    assert counts == sorted(counts, reverse=True)


def test_a_gap_between_kept_operators_is_closed_where_it_saves_casts():
    made = trials(min_sqnr_db=20.0)
    order = [group(0), replace(group(1), weighted=False), group(2), group(3), group(4)]
    # The one without weights joins its neighbours; one with weights does not.
    assert made._closed([order[0], order[2], order[4]], order) == [*order[:3], order[4]]
    assert made._closed([order[0]], order) == [order[0]]
