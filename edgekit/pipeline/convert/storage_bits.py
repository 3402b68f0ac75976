"""Weights of fewer bits than they are stored in: smaller as a download, and run by every kernel.

Codes of 5 bits in bytes are as large as int8 on a device and as fast; DEFLATE, by which stores and
servers send files, finds the bits that say nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgekit.core.errors import UsageError
from edgekit.core.records import ConvertOptions, Recipe

_BITS = 8


def check(chosen: Sequence[Recipe], options: ConvertOptions) -> None:
    """Refuse `storage_bits` where no recipe stores int8 weights, or one was named that does not.

    Args:
        chosen: The recipes; the float one may be among them, which is always made.
        options: What was asked for.

    Raises:
        UsageError: There is nothing that the bits could be of, or training would choose them anew.
    """
    bits = options.storage_bits
    if bits is None:
        return
    asked = f"--storage-bits {bits}"
    others = [recipe.name for recipe in chosen if recipe.quantize and not takes(recipe)]
    others = others if options.recipes else []  # of the default ones those that can take them do
    none = not any(takes(recipe) for recipe in chosen)
    if others or none:
        names = others or [recipe.name for recipe in chosen]
        raise UsageError(
            "--storage-bits needs a recipe that stores int8 weights.",
            received=f"{asked} with {', '.join(names)}",
            hint="use --recipe static_wi8_ai8, dynamic_wi8_afp32 or weight_only_wi8_afp32 alone.",
        )
    if options.training is not None and options.training.quantization_aware:
        raise UsageError(
            "--storage-bits cannot be trained: --qat trains weights of 8 bits.",
            received=f"{asked} --qat",
            hint="leave one of them out.",
        )


def takes(recipe: Recipe) -> bool:
    """Whether a recipe stores weights in int8."""
    how = recipe.quantize
    return how is not None and how.scheme != "float16" and how.weight_bits == _BITS


def with_bits(recipe: Recipe, bits: int | None) -> Recipe:
    """The recipe with codes of so many bits, if it stores int8."""
    if bits is None or recipe.quantize is None or not takes(recipe):
        return recipe
    return replace(
        recipe,
        summary=f"{recipe.summary}; codes of {bits} bits in the weights of convolutions and dense "
        "layers",
        quantize=replace(recipe.quantize, storage_bits=bits),
    )
