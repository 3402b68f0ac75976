"""Operators by the names of their layers, and what is told of them."""

from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import UsageError
from edgekit.core.records import Override
from edgekit.quantize import select

WEIGHTS = recipes.RECIPES["weight_only_wi8_afp32"].quantize
INT4 = recipes.RECIPES["weight_only_wi4_afp32"].quantize


@pytest.fixture(scope="module")
def digits_model(digits_float: Path) -> tflite.Model:
    return tflite.read(digits_float)


def layers(model: tflite.Model, chosen: dict) -> dict:
    return {op.layer: chosen[op.index] for op in tflite.operators(model) if op.index in chosen}


def test_a_name_or_an_expression_for_whole_names(digits_model: tflite.Model) -> None:
    chosen = select.select(
        digits_model,
        [
            Override(layers="conv.*", recipe="weight_only_wi8_afp32"),
            Override(layers="conv2", recipe="float32"),  # later ones win
        ],
    )
    found = layers(digits_model, chosen)
    assert found == {"conv1": WEIGHTS, "conv2": None, "conv3": WEIGHTS}
    chosen = select.select(digits_model, [Override(layers="conv2", recipe="float32")])
    assert layers(digits_model, chosen) == {"conv2": None}
    with pytest.raises(UsageError, match="no layer of the model"):
        select.select(digits_model, [Override(layers="conv", recipe="float32")])


def test_what_cannot_be_quantized_so_is_refused(digits_model: tflite.Model) -> None:
    for layers_, recipe in {
        "flatten": "weight_only_wi8_afp32",
        "depthwise": "dynamic_wi8_afp32",
        "residual": "float16",
    }.items():
        with pytest.raises(UsageError, match="cannot be applied"):
            select.select(digits_model, [Override(layers=layers_, recipe=recipe)])
    # Of several layers, one that can be is enough.
    assert select.select(digits_model, [Override(layers=".*", recipe="float16")])


def test_what_an_operator_really_has(digits_model: tflite.Model) -> None:
    ops = {op.layer: op for op in tflite.operators(digits_model)}
    assert select.effective(digits_model, ops["conv1"], INT4) == INT4
    assert select.effective(digits_model, ops["depthwise"], INT4) == WEIGHTS
    assert select.effective(digits_model, ops["residual"], INT4) is None
    assert select.effective(digits_model, ops["conv1"], None) is None


def test_only_what_differs_from_the_recipe_is_told(digits_model: tflite.Model) -> None:
    recipe = recipes.get("weight_only_wi8_afp32")
    ops = {op.layer: op.index for op in tflite.operators(digits_model)}
    exceptions = {ops["conv1"]: None, ops["conv2"]: WEIGHTS, ops["residual"]: None}
    told = select.kept(digits_model, recipe, exceptions, {ops["conv1"]: "because"})
    assert [(k.layer, k.operator, k.recipe, k.reason) for k in told] == [
        ("conv1", "CONV_2D", "float32", "because")
    ]
