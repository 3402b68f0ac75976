"""What samples said of a recipe: applied again, with exceptions, and from another process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.recipes import INT8_WEIGHTS
from edgekit.core.records import Recipe
from edgekit.data.samples import Samples
from edgekit.quantize import candidates
from edgekit.quantize.calibrated_recipe import Instead, Prepared
from edgekit.quantize.diagnose import scores
from edgekit.quantize.rewrite import engine
from tests.quantize.tiny_models import correlated, picture_net

SAMPLES = Samples(inputs={"x": correlated(48, 7, 7, 3)})
NAMES = ("static_wi8_ai8", "static_wi8_ai16", "weight_only_wi8_afp32", "weight_only_wi4_afp32")

Prepare = Callable[[str], tuple[Recipe, Prepared]]


@pytest.fixture(scope="module")
def prepared() -> Prepare:
    """`prepared(recipe)`: a small network, each recipe found once."""
    content = picture_net()
    contract = tflite.contract(content)
    search = candidates.Search(content, SAMPLES, contract, seed=0, report=lambda line: None)
    found: dict[str, Prepared] = {}

    def get(name: str) -> tuple[Recipe, Prepared]:
        recipe = recipes.get(name)
        if name not in found:
            found[name] = search.prepare(recipe)
        return recipe, found[name]

    return get


@pytest.mark.parametrize("name", NAMES)
def test_what_was_saved_makes_the_same_bytes(prepared: Prepare, name: str, tmp_path: Path) -> None:
    recipe, made = prepared(name)
    made.save(tmp_path / "p.npz")
    again = Prepared.load(tmp_path / "p.npz")
    assert tflite.to_bytes(again.apply(recipe)) == tflite.to_bytes(made.apply(recipe))
    for field in ("float_model", "instead", "equalized", "candidates"):
        assert getattr(again, field) == getattr(made, field)
    assert set(again.weights) == set(made.weights)
    for index, weights in made.weights.items():
        loaded = again.weights[index]
        assert (loaded.bits, loaded.axis) == (weights.bits, weights.axis)
        np.testing.assert_array_equal(loaded.integers, weights.integers)
        np.testing.assert_array_equal(loaded.scales, weights.scales)
        np.testing.assert_array_equal(loaded.bias, weights.bias)
    assert (again.ranges is None) == (made.ranges is None)
    for tensor, sides in (made.ranges or {}).items():
        assert again.ranges is not None
        np.testing.assert_array_equal(again.ranges[tensor]["min"], sides["min"])
        np.testing.assert_array_equal(again.ranges[tensor]["max"], sides["max"])


def test_nothing_found_is_saved_too(tmp_path: Path) -> None:
    made = Prepared(float_model=picture_net())
    made.save(tmp_path / "p.npz")
    assert Prepared.load(tmp_path / "p.npz") == made


@pytest.mark.parametrize("name", NAMES)
def test_an_exception_takes_nothing_of_what_was_found(prepared: Prepare, name: str) -> None:
    """An operator that is kept float computes with its own weights; the others stay refined."""
    recipe, made = prepared(name)
    assert 0 in made.weights
    model = made.apply(recipe, {0: None})
    before = tflite.read(made.float_model)
    (first, *_), (kept,) = (
        tuple(tflite.operators(before)),
        (op for op in tflite.operators(model) if op.outputs[0].name == "conv_2d_0"),
    )
    np.testing.assert_array_equal(
        tflite.values(model, kept.inputs[1]), tflite.values(before, first.inputs[1])
    )
    expected = scores.outputs(tflite.read(picture_net()), SAMPLES.inputs)
    assert scores.sqnr_db(expected, scores.outputs(model, SAMPLES.inputs)) > 20


def test_exceptions_by_hand_win(prepared: Prepare) -> None:
    _, made = prepared("static_wi8_ai8")
    small = Prepared(
        float_model=made.float_model,
        instead=dict.fromkeys((1, 2), Instead(recipe="weight_only_wi8_afp32", reason="")),
    )
    assert small.exceptions() == {1: INT8_WEIGHTS, 2: INT8_WEIGHTS}
    assert small.exceptions({2: None, 3: None}) == {1: INT8_WEIGHTS, 2: None, 3: None}


def test_an_empty_choice_is_the_quantizer_alone() -> None:
    recipe = recipes.get("weight_only_wi8_afp32")
    content = picture_net()
    model = Prepared(float_model=content).apply(recipe)
    plain = tflite.read(engine.quantize(content, recipe, None))
    assert tflite.to_bytes(model) == tflite.to_bytes(plain)
