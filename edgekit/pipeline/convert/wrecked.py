"""What is said of files that have lost what the model computes: nobody shall ship one unawares.

They are written under their names nevertheless: to see what is wrong takes the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from edgekit.core.records import ConvertOptions, Recipe
from edgekit.pipeline.convert.converted_file import ConvertedFile


def judged(files: Sequence[ConvertedFile], options: ConvertOptions) -> list[ConvertedFile]:
    """The files, those that have lost what the model computes with a sentence that says so.

    Where a bound was asked for, files that are quantized hold it, and it says what matters.

    Args:
        files: Verified ones, a pruned float file before what is made of it.
        options: Bounds that were asked for.
    """
    pruned_is_lost = False
    result = []
    for file in files:
        lost = file.verified.lost if file.verified and file.repair is None else ""
        if lost:
            way_out = _way_out(file.recipe, options, pruned_is_lost=pruned_is_lost)
            sentence = f"{file.recipe.label} has lost what the model computes: {lost}. {way_out}"
            file = replace(file, wrecked=sentence)
        pruned_is_lost |= bool(lost) and file.recipe.quantize is None
        result.append(file)
    return result


def _way_out(recipe: Recipe, options: ConvertOptions, *, pruned_is_lost: bool) -> str:
    if recipe.prune is not None and (recipe.quantize is None or pruned_is_lost):
        sparsity = recipe.prune.sparsity
        less = "prune less" + (f" (--sparsity {sparsity / 2:.2g})" if sparsity else "")
        if options.training is None:
            return f"Train what was pruned (--finetune DATA --distill), or {less}."
        return f"Train for longer (--epochs), or {less}."
    if options.has_budget:
        return "Allow more: the curve in its manifest (budget) says what that gives."
    if recipe.trains_rounding:
        return "Train for longer (--epochs), or use another recipe."
    return (
        "--min-sqnr 20 or --max-loss 0.05 keeps operators in higher precision, edgekit validate "
        "--layers names those to blame, and float16 loses nothing."
    )
