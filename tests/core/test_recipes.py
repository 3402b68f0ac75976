"""The table of recipes: what each needs, which can store integers at its ends."""

from __future__ import annotations

import pytest

from edgekit.core import recipes
from edgekit.core.errors import UsageError
from edgekit.core.records import Quantization


def test_what_needs_data() -> None:
    needing = {name for name, recipe in recipes.RECIPES.items() if recipes.needs_data(recipe)}
    assert needing == {
        "static_wi8_ai8",
        "static_wi4_ai8",
        "static_wi8_ai16",
        "weight_only_wi4_afp32",
        "dynamic_wi4_afp32",
    }
    assert not needing & set(recipes.WITHOUT_DATA)
    assert set(recipes.WITH_DATA) <= set(recipes.RECIPES)


@pytest.mark.parametrize("io_dtype", ["int8", "uint8"])
def test_integers_at_the_ends_change_the_static_recipe_only(io_dtype) -> None:
    static = recipes.get("static_wi8_ai8", io_dtype)
    assert static.quantize is not None and static.quantize.io_dtype == io_dtype
    assert recipes.RECIPES["static_wi8_ai8"].quantize.io_dtype == "float32"
    for name in ("float32", "float16", "dynamic_wi8_afp32", "weight_only_wi8_afp32"):
        assert recipes.get(name, io_dtype) is recipes.RECIPES[name]


def test_int16_activations_have_no_integers_at_the_ends() -> None:
    assert recipes.get("static_wi8_ai16").name == "static_wi8_ai16"
    with pytest.raises(UsageError) as caught:
        recipes.get("static_wi8_ai16", "int8")
    assert caught.value.received == "--recipe static_wi8_ai16 --io int8"
    assert "static_wi8_ai8" in str(caught.value.hint)


def test_a_name_that_no_recipe_has_is_answered_with_the_nearest() -> None:
    with pytest.raises(UsageError) as caught:
        recipes.get("static_w8_a8")
    assert "static_wi8_ai8" in str(caught.value.hint)
    assert all(name in caught.value.rule for name in recipes.RECIPES)


def test_a_recipe_is_known_by_its_scheme_and_bits() -> None:
    for name, recipe in recipes.RECIPES.items():
        assert recipes.name_of(recipe.quantize) == name
    changed = Quantization(scheme="static", activation_bits=8, io_dtype="int8", rounding="nearest")
    assert recipes.name_of(changed) == "static_wi8_ai8"


def test_every_recipe_has_a_row_in_the_help_and_in_the_table() -> None:
    rows = dict(recipes.help_rows())
    assert list(rows) == list(recipes.RECIPES)
    table = recipes.markdown_table().splitlines()
    assert table[1] == "|---|---|---|---|"
    assert len(table) == 2 + len(rows)
    for name, line in zip(rows, table[2:], strict=True):
        assert line.startswith(f"| `{name}` | ")
        needs = recipes.needs_data(recipes.RECIPES[name])
        assert ("| yes |" in line) == needs == rows[name].endswith("needs --calibration")
