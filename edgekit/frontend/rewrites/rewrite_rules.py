"""The table: which operators are rewritten, and how."""

from __future__ import annotations

from edgekit.frontend.rewrites import (
    bits,
    counting,
    elementary_functions,
    error_functions,
    image_colors,
    image_sizes,
    matrices,
    pooling_3d,
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
}


def applies(operation: object) -> bool:
    """Whether the rule is needed: the converter has one operator for GELU, which holds an Erf."""
    return True
