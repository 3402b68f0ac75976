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
    matrices,
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
    **matrices.RULES,
    **pooling_3d.RULES,
    **projective_transforms.RULES,
    **windows.RULES,
}


# What the converter makes one operator of, together with its neighbours.
FUSED = frozenset({"Erf"})


def applies(operation: Any, *, fused: bool) -> bool:
    """Whether an operator that has a rule needs it at this place.

    Args:
        operation: Of the traced graph.
        fused: Leave what is fused: an Erf within GELU, `x (1 + erf(...)) / 2`.
    """
    if operation.type == "Conv2DBackpropInput":
        return set(operation.get_attr("dilations")) != {1}
    return not (fused and operation.type == "Erf" and _within_gelu(operation))


def _within_gelu(erf: Any) -> bool:
    import tensorflow as tf

    for total in erf.outputs[0].consumers():
        others = [tf.get_static_value(t) for t in total.inputs if t is not erf.outputs[0]]
        if total.type in ("Add", "AddV2") and any(v is not None and (v == 1).all() for v in others):
            return any(op.type == "Mul" for op in total.outputs[0].consumers())
    return False
