"""Codes of fewer bits than they are stored in: which recipes take them, and what is refused."""

from __future__ import annotations

import pytest

from edgekit.core import recipes
from edgekit.core.errors import UsageError
from edgekit.core.records import ConvertOptions, Training
from edgekit.pipeline.convert.storage_bits import check, takes, with_bits

INT8 = ("static_wi8_ai8", "static_wi8_ai16", "dynamic_wi8_afp32", "weight_only_wi8_afp32")


def checked(*names: str, asked: bool = True, **options: object) -> None:
    given = {"storage_bits": 5, "recipes": names if asked else ()} | options
    check([recipes.get(name) for name in names], ConvertOptions(**given))  # type: ignore[arg-type]  # of any kind


def test_recipes_of_int8_weights_take_them() -> None:
    assert tuple(name for name, one in recipes.RECIPES.items() if takes(one)) == (
        "dynamic_wi8_afp32",
        "weight_only_wi8_afp32",
        "static_wi8_ai8",
        "static_wi8_ai16",
    )


@pytest.mark.parametrize("name", INT8)
def test_the_recipe_says_so_and_needs_samples(name: str) -> None:
    recipe = with_bits(recipes.get(name), 5)
    assert recipe.quantize is not None
    assert recipe.quantize.storage_bits == recipe.quantize.code_bits == 5
    assert recipe.quantize.weight_bits == 8
    assert recipe.quantize.needs_calibration
    assert recipe.quantize.refines_weights
    assert "codes of 5 bits" in recipe.summary


@pytest.mark.parametrize("name", ["float32", "float16", "static_wi4_ai8", "weight_only_wi4_afp32"])
def test_others_stay_as_they_are(name: str) -> None:
    assert with_bits(recipes.get(name), 5) == recipes.get(name)
    assert with_bits(recipes.get("static_wi8_ai8"), None) == recipes.get("static_wi8_ai8")


@pytest.mark.parametrize(
    "names",
    [
        ("float32",),
        ("float16",),
        ("weight_only_wi4_afp32",),
        ("static_wi8_ai8", "float16"),
        ("static_wi8_ai8", "static_wi4_ai8"),
    ],
)
def test_a_recipe_that_cannot_take_them_is_refused_by_name(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        checked(*names)
    assert f"--storage-bits 5 with {names[-1]}" in caught.value.received
    checked(*names, storage_bits=None)


def test_the_float_file_and_the_default_recipes_are_no_hindrance() -> None:
    checked("float32", "static_wi8_ai8")
    checked(*recipes.WITH_DATA, asked=False)


def test_training_would_choose_them_anew() -> None:
    with pytest.raises(UsageError, match="cannot be trained"):
        checked("static_wi8_ai8", training=Training(data="d.npz", quantization_aware=True))
    checked("static_wi8_ai8", training=Training(data="d.npz"))
