"""Other ranges in place: to the byte what the quantizer makes with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.diagnose import scores
from edgekit.quantize.rewrite import engine, patched_ranges
from edgekit.quantize.rewrite.patched_ranges import PatchedRanges
from edgekit.quantize.weights.refine import Method, refine
from edgekit.tflite import Model
from tests.quantize.tiny_models import branching_net, correlated, extremes, picture_net, random

PICTURES = {"x": correlated(20, 7, 7, 3)}
BRANCHES = {"x": random(20, 6, 6, 4), "side": random(20, 6)}
CASES = {"picture": (picture_net(final=1), PICTURES), "branching": (branching_net(), BRANCHES)}


def prepared(content: bytes, inputs: dict[str, np.ndarray], recipe: str) -> tuple[Prepared, Model]:
    """With refined weights, and the model that has them."""
    ranges, float_model = extremes(content, inputs), tflite.read(content)
    model = made(Prepared(float_model=content), ranges, recipe)
    weights = refine(float_model, model, inputs, Method(gptq=False))
    return Prepared(float_model=content, ranges=ranges, weights=weights), model


def scaled(ranges: Ranges, seed: int) -> Ranges:
    """Each range by a factor of its own."""
    rng = np.random.default_rng(seed)
    factors = {name: np.float32(rng.uniform(0.5, 1.0)) for name in ranges}
    return {
        name: {side: values * factors[name] for side, values in sides.items()}
        for name, sides in ranges.items()
    }


def made(done: Prepared, ranges: Ranges, recipe: str) -> Model:
    """By the quantizer, which changes the ranges that it is given."""
    copied = {name: dict(sides) for name, sides in ranges.items()}
    return replace(done, ranges=copied).apply(recipes.get(recipe))


def learned(
    content: bytes, inputs: dict[str, np.ndarray], recipe: str
) -> tuple[PatchedRanges | None, Prepared]:
    done, model = prepared(content, inputs, recipe)
    assert done.ranges is not None
    other = scaled(done.ranges, 1)
    second = made(done, other, recipe), other
    before = tflite.read(content)
    return patched_ranges.learn(before, (model, done.ranges), second, done.weights), done


@pytest.mark.parametrize("recipe", ["static_wi8_ai8", "static_wi8_ai16"])
@pytest.mark.parametrize("case", CASES)
def test_other_ranges_give_what_the_quantizer_makes_with_them(case: str, recipe: str) -> None:
    content, inputs = CASES[case]
    patched, done = learned(content, inputs, recipe)
    assert patched is not None and done.ranges is not None
    for seed in (2, 3):
        ranges = scaled(done.ranges, seed)
        assert patched.set(ranges)
        wanted = made(done, ranges, recipe)
        assert tflite.to_bytes(patched.model) == tflite.to_bytes(wanted)
        ours = scores.outputs(patched.model, inputs, serialize=patched.serialize)
        theirs = scores.outputs(wanted, inputs)
        for name, values in theirs.real.items():
            np.testing.assert_array_equal(ours.real[name], values)


def test_nothing_is_learned_from_models_that_differ_in_more_than_ranges() -> None:
    done, model = prepared(*CASES["picture"], "static_wi8_ai8")
    assert done.ranges is not None
    other = scaled(done.ranges, 1)
    plain = engine.quantized(done.float_model, recipes.get("static_wi8_ai8"), other)
    before = tflite.read(done.float_model)
    second = plain, other  # without the refined weights
    assert patched_ranges.learn(before, (model, done.ranges), second, done.weights) is None


def test_ranges_that_were_one_and_no_longer_are_ask_for_another_model() -> None:
    content, inputs = CASES["branching"]
    done, model = prepared(content, inputs, "static_wi8_ai8")
    assert done.ranges is not None
    ranges = done.ranges
    # What PAD takes and gives: one range in both models that were learned from.
    taken, given = "conv_2d_0", "pad_0"
    other = scaled(ranges, 1)
    other[given] = other[taken]
    assert [float(v) for v in ranges[given].values()] == [float(v) for v in ranges[taken].values()]
    second = made(done, other, "static_wi8_ai8"), other
    patched = patched_ranges.learn(tflite.read(content), (model, ranges), second, done.weights)
    assert patched is not None
    assert patched.set(other)
    apart = dict(other)
    apart[given] = {side: values * np.float32(2) for side, values in other[taken].items()}
    assert not patched.set(apart)


def test_a_range_that_is_not_there_asks_for_another_model() -> None:
    patched, done = learned(*CASES["picture"], "static_wi8_ai8")
    assert patched is not None and done.ranges is not None
    assert not patched.set({name: done.ranges[name] for name in list(done.ranges)[1:]})
