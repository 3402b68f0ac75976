"""Operators so small that int8 weights in place of int4 cost next to nothing."""

from __future__ import annotations

from edgekit import tflite
from edgekit.core.records import Recipe
from edgekit.tflite import Model

# What their int8 weights may add to an int4 file, as a fraction of it.
_PART = 0.04


def cheap_operators(model: Model, recipe: Recipe) -> frozenset[int]:
    """The smallest operators with int4 weights, as many as leave the file about as large.

    The first and the last ones, which lose most, are often among them.

    Args:
        model: The float file.
        recipe: Only one with weight-only int4 has any.

    Returns:
        Their indices in the main graph.
    """
    how = recipe.quantize
    if how is None or how.weight_bits != 4 or how.scheme != "weight_only":
        return frozenset()
    main = tflite.binding(model).subgraph
    sizes = {}
    total = 0.0
    for op in tflite.operators(model):
        values = sum(t.weight_bytes for t in op.constants if t.dtype == "float32") / 4
        weight = op.weight
        int4 = op.facts.weight_only_bits <= 4 and weight is not None and weight.is_constant
        total += values * (0.5 if int4 else 1)
        if int4 and op.subgraph == main and weight is not None:
            sizes[op.index] = weight.weight_bytes / 4 * 0.5
    chosen, spent = set(), 0.0
    for index in sorted(sizes, key=lambda index: sizes[index]):
        spent += sizes[index]
        if spent > _PART * total:
            break
        chosen.add(index)
    return frozenset(chosen)
