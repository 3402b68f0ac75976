"""The table of recipes, which the command's help, README and the search read."""

from __future__ import annotations

from typing import get_args

import pytest

from edgekit.core import recipes
from edgekit.core.errors import UsageError
from edgekit.core.records import Device


def test_every_recipe_has_its_name_and_its_guide_in_the_same_order():
    assert [one.name for one in recipes.RECIPES.values()] == list(recipes.RECIPES)
    assert list(recipes.GUIDES) == list(recipes.RECIPES)


@pytest.mark.parametrize("name", recipes.RECIPES)
@pytest.mark.parametrize("device", get_args(Device))
def test_fallbacks_are_other_recipes_and_end_with_float(name: str, device: Device):
    every = recipes.fallbacks(recipes.RECIPES[name], device)
    assert every[-1] == "float32" and len(set(every)) == len(every)
    assert set(every) <= set(recipes.RECIPES)
    assert name == "float32" or name not in every


def test_int16_activations_stand_in_on_accelerators_only():
    static = recipes.get("static_wi8_ai8")
    assert recipes.fallbacks(static, "npu") == ("static_wi8_ai16", "float32")
    assert "static_wi8_ai16" not in recipes.fallbacks(static, "cpu")


def test_the_nearest_name_is_offered():
    with pytest.raises(UsageError, match="static_wi8_ai8"):
        recipes.get("static_wi8ai8")


def test_integer_inputs_belong_to_int8_activations():
    integer = recipes.get("static_wi8_ai8", "int8")
    assert integer.quantize is not None and integer.quantize.io_dtype == "int8"
    assert recipes.get("float16", "int8") == recipes.RECIPES["float16"]
    with pytest.raises(UsageError, match="int8 activations"):
        recipes.get("static_wi8_ai16", "int8")


@pytest.mark.parametrize("name", recipes.RECIPES)
def test_a_recipe_is_known_by_what_it_does(name: str):
    recipe = recipes.RECIPES[name]
    assert recipes.name_of(recipe.quantize) == name
    assert recipes.name_of(recipes.get(name, "float32").quantize) == name


def test_help_and_readme_have_a_row_for_each_recipe():
    assert [name for name, _ in recipes.help_rows()] == list(recipes.RECIPES)
    rows = recipes.markdown_table().splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == list(recipes.RECIPES)


def test_recipes_that_need_samples_say_so():
    needing = {"weight_only_wi4_afp32", "static_wi8_ai8", "static_wi8_ai16"}
    assert {name for name, what in recipes.help_rows() if "--calibration" in what} == needing
