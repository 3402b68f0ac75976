"""Slices that add axes: `x[:, None, 1:]`.

TFLite's converter takes them where at most one size of `x` is open; the models of keras_hub slice
masks of open lengths so.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule

_MOST_OPEN = 1


def strided_slice(call: OperatorCall, x: Any, begin: Any, end: Any, strides: Any) -> Any:
    """StridedSlice with new axes: the slice without them, then an axis at each place."""
    import tensorflow as tf

    if call.attributes["ellipsis_mask"]:
        raise NoRewrite("an ellipsis beside new axes")
    [count] = call.sizes(1)
    added = _places(call, "new_axis_mask", range(count))
    kept = [place for place in range(count) if place not in added]
    places, position = [], 0
    shrunk = _places(call, "shrink_axis_mask", kept)
    for place in range(count):
        if place in added:
            places.append(position)
        position += place not in shrunk
    masks = _masks(call, kept)
    if not _takes_all(call, kept, masks):
        x = tf.raw_ops.StridedSlice(
            input=x,
            **{
                name: tf.gather(tensor, kept) if known is None else np.asarray(known)[kept]
                for name, tensor, known in zip(
                    ("begin", "end", "strides"),
                    (begin, end, strides),
                    call.constants[1:],
                    strict=True,
                )
            },
            **masks,
        )
    for place in places:
        x = tf.expand_dims(x, place)
    return x


def _places(call: OperatorCall, mask: str, places: Any) -> set[int]:
    return {place for place in places if call.attributes[mask] >> place & 1}


def _masks(call: OperatorCall, kept: list[int]) -> dict[str, int]:
    """The masks of the places that are kept."""
    return {
        mask: sum(1 << new for new, old in enumerate(kept) if call.attributes[mask] >> old & 1)
        for mask in ("begin_mask", "end_mask", "shrink_axis_mask")
    }


def _takes_all(call: OperatorCall, kept: list[int], masks: dict[str, int]) -> bool:
    every, steps = (1 << len(kept)) - 1, call.constants[3]
    if masks["begin_mask"] != every or masks["end_mask"] != every or masks["shrink_axis_mask"]:
        return False
    return steps is not None and bool((np.asarray(steps)[kept] == 1).all())


def needed(operation: Any) -> bool:
    """Whether the converter would leave a StridedSlice to TensorFlow."""
    shape = operation.inputs[0].shape
    if not operation.get_attr("new_axis_mask") or shape.rank is None:
        return False
    return list(shape).count(None) > _MOST_OPEN


RULES: dict[str, Rule] = {"StridedSlice": strided_slice}
