"""What single operators have in place of a file's recipe because a device's kernels are faster so.

int4 weights where there is a fast kernel of them and int8 elsewhere, floats where XNNPACK takes an
operator in floats only, and int8 weights where they cost next to nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from edgekit.core import recipes
from edgekit.core.records import Device, Quantization, Recipe
from edgekit.quantize.apart import float_islands
from edgekit.quantize.calibrated_recipe import Instead
from edgekit.quantize.rewrite import cheap_int8, engine, int4_kernels
from edgekit.tflite import Model


def faster(
    model: Model, recipe: Recipe, device: Device, by_hand: Mapping[int, Quantization | None]
) -> dict[int, Instead]:
    """Operators that another recipe serves better on a device, by index.

    Args:
        model: The float file.
        recipe: What all others have.
        device: What the file is for.
        by_hand: What was asked for: floats are weighed around it.
    """
    wider = int4_kernels.wider(model, recipe, device)
    found = {index: Instead(recipe=name, reason=why) for index, (name, why) in wider.items()}
    how = recipe.quantize
    if device == "cpu" and how is not None:
        kept = {**engine.kept_float(model, how, None), **by_hand}
        floats = Instead(recipe="float32", reason=float_islands.REASON)
        found |= dict.fromkeys(float_islands.find(model, how, kept), floats)
    return found


def cheap(model: Model, recipe: Recipe, device: Device) -> dict[int, Instead]:
    """Operators so small that int8 weights in place of int4 hardly cost anything, by index."""
    found = cheap_int8.cheap_operators(model, recipe, device)
    if not found or recipe.quantize is None:
        return {}
    int8 = recipes.name_of(replace(recipe.quantize, weight_bits=8))
    return dict.fromkeys(found, Instead(recipe=int8, reason=cheap_int8.REASON))
