"""Operators so small that int8 weights in place of int4 cost next to nothing."""

from __future__ import annotations

from edgekit import tflite
from edgekit.core.records import Device, Recipe
from edgekit.quantize.rewrite.int4_kernels import has_int4
from edgekit.tflite import Model

REASON = "one of the smallest: int8 weights cost next to nothing here"
# What their int8 weights may add to an int4 file, as a fraction of it.
_PART = 0.04


def cheap_operators(model: Model, recipe: Recipe, device: Device) -> frozenset[int]:
    """The smallest operators with int4 weights, as many as leave the file about as large.

    The first and the last ones, which lose most, are often among them.

    Args:
        model: The float file.
        recipe: Only one with int4 weights has any.
        device: What the file is for.

    Returns:
        Their indices in the main graph.
    """
    how = recipe.quantize
    if how is None or how.weight_bits != 4 or how.granularity == "blockwise_32":
        return frozenset()
    main = tflite.binding(model).subgraph
    sizes = {}
    total = 0.0
    for op in tflite.operators(model):
        values = sum(t.weight_bytes for t in op.constants if t.dtype == "float32") / 4
        weight = op.weight
        int4 = has_int4(op, how, device)
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
