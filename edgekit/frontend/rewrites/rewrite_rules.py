"""The table: which operators are rewritten, and how."""

from __future__ import annotations

from typing import Any

from edgekit.frontend.rewrites import (
    bits,
    counting,
    elementary_functions,
    error_functions,
    image_colors,
    image_sizes,
    linear_algebra,
    new_axes,
    pooling_3d,
    projective_transforms,
    windows,
)
from edgekit.frontend.rewrites.operator_call import Rule

RULES: dict[str, Rule] = {
    **bits.RULES,
    **counting.RULES,
    **elementary_functions.RULES,
    **error_functions.RULES,
    **image_colors.RULES,
    **image_sizes.RULES,
    **linear_algebra.RULES,
    **new_axes.RULES,
    **pooling_3d.RULES,
    **projective_transforms.RULES,
    **windows.RULES,
}


# What the converter makes one operator of, together with its neighbours: GELU, which is written as
# `x (1 + erf(x / sqrt(2))) / 2` or as `x erfc(-x / sqrt(2)) / 2`.
FUSED = frozenset({"Erf", "Erfc"})


def applies(operation: Any, *, fused: bool) -> bool:
    """Whether an operator that has a rule needs it at this place.

    Args:
        operation: Of the traced graph.
        fused: Leave what looks like a part of GELU.
    """
    if operation.type == "Conv2DBackpropInput":
        return set(operation.get_attr("dilations")) != {1}
    if operation.type == "StridedSlice":
        return new_axes.needed(operation)
    return not (fused and operation.type in FUSED and _within_gelu(operation))


def _within_gelu(operation: Any) -> bool:
    readers = operation.outputs[0].consumers()
    if operation.type == "Erf":
        readers = [
            reader
            for total in readers
            if _adds_one(total)
            for reader in total.outputs[0].consumers()
        ]
    return any(reader.type == "Mul" for reader in readers)


def _adds_one(operation: Any) -> bool:
    import tensorflow as tf

    values = [tf.get_static_value(tensor) for tensor in operation.inputs]
    return operation.type in ("Add", "AddV2") and any(v is not None and v == 1 for v in values)
