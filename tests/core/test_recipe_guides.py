"""What is known of each recipe beside what it does, which README's table and the search read."""

from __future__ import annotations

from typing import get_args

import pytest

from edgekit.core import recipes
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
