"""What moves, cuts, joins or sums along dimensions, with the batch left in front."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from edgekit.core.errors import ModelError
from edgekit.tflite import Operator

_HINT = (
    "quantization-aware training needs samples one after the other in the first dimension; use "
    "post-training quantization: leave --qat out."
)


def _refuse(op: Operator, what: str) -> ModelError:
    return ModelError(
        "Every operator must keep the batch in the first dimension.",
        received=f"{op.name} of layer {op.layer} {what}",
        hint=_HINT,
    )


def _constant(op: Operator, values: Sequence[Any], place: int) -> np.ndarray:
    value = values[place]
    if not isinstance(value, np.ndarray):
        raise _refuse(op, "computes its sizes while running")
    return value


def _reshape(values: Sequence[Any], op: Operator) -> Any:
    """Row by row, with the batch outermost: whatever stands in front is as many times more."""
    import tensorflow as tf

    shape = op.outputs[0].shape
    if not shape or any(size < 1 for size in shape[1:]):
        raise _refuse(op, f"gives the shape {shape}")
    return tf.reshape(values[0], (-1, *shape[1:]))


def _transpose(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    order = _constant(op, values, 1).tolist()
    if order[0] != 0:
        raise _refuse(op, f"puts dimension {order[0]} first")
    return tf.transpose(values[0], order)


def _axis(op: Operator, axis: int, rank: int) -> int:
    axis = axis + rank if axis < 0 else axis
    if axis == 0:
        raise _refuse(op, "works along the first dimension")
    return axis


def _reduce(name: str) -> Callable[[Sequence[Any], Operator], Any]:
    def compute(values: Sequence[Any], op: Operator) -> Any:
        import tensorflow as tf

        rank = len(values[0].shape)
        axes = [_axis(op, int(i), rank) for i in _constant(op, values, 1).reshape(-1)]
        return getattr(tf, f"reduce_{name}")(values[0], axes, keepdims=bool(op.options.keepDims))

    return compute


def _alike(values: Sequence[Any]) -> list[Any]:
    """Constants repeated for each sample, to be joined with activations."""
    import tensorflow as tf

    batch = next(tf.shape(value)[0] for value in values if not isinstance(value, np.ndarray))
    return [
        tf.tile(value, [batch, *[1] * (value.ndim - 1)])
        if isinstance(value, np.ndarray) and value.shape[0] == 1
        else value
        for value in values
    ]


def _concatenate(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    return tf.concat(_alike(values), _axis(op, op.options.axis, len(op.outputs[0].shape)))


def _pack(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    return tf.stack(_alike(values), _axis(op, op.options.axis, len(op.outputs[0].shape)))


def _unpack(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    return tf.unstack(values[0], axis=_axis(op, op.options.axis, len(values[0].shape)))


def _split(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    axis = _axis(op, int(_constant(op, values, 0).reshape(-1)[0]), len(values[1].shape))
    return tf.split(values[1], op.options.numSplits, axis)


def _split_v(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    axis = _axis(op, int(_constant(op, values, 2).reshape(-1)[0]), len(values[0].shape))
    return tf.split(values[0], _constant(op, values, 1).tolist(), axis)


def _pad(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    widths = _constant(op, values, 1)
    if widths[0].any():
        raise _refuse(op, "pads the first dimension")
    mode = "CONSTANT"
    if op.name == "MIRROR_PAD":
        mode = "SYMMETRIC" if op.options.mode else "REFLECT"
    fill = float(_constant(op, values, 2).reshape(-1)[0]) if len(values) > 2 else 0.0
    return tf.pad(values[0], widths, mode=mode, constant_values=fill)


def _slice(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    begin, size = _constant(op, values, 1).tolist(), _constant(op, values, 2).tolist()
    if begin[0] != 0 or size[0] not in (-1, op.operands[0].shape[0] if op.operands[0] else -1):
        raise _refuse(op, "cuts the first dimension")
    return tf.slice(values[0], begin, [-1, *size[1:]])


def _strided_slice(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    begin, end, steps = (_constant(op, values, place).tolist() for place in (1, 2, 3))
    options, given = op.options, op.operands[0]
    assert given is not None  # the operator's one activation
    rows = given.shape[0]
    whole = (options.beginMask & 1 or begin[0] == 0) and (options.endMask & 1 or end[0] >= rows)
    moved = (options.shrinkAxisMask | options.newAxisMask | options.ellipsisMask) & 1
    if not whole or moved or steps[0] != 1:
        raise _refuse(op, "cuts the first dimension")
    return tf.strided_slice(
        values[0],
        begin,
        end,
        steps,
        begin_mask=options.beginMask | 1,
        end_mask=options.endMask | 1,
        ellipsis_mask=options.ellipsisMask,
        new_axis_mask=options.newAxisMask,
        shrink_axis_mask=options.shrinkAxisMask,
    )


def _gather(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    table, ids = values
    axis = op.options.axis
    if isinstance(table, np.ndarray):  # rows of a table, by ids that come in batches
        if axis % table.ndim != 0 or op.options.batchDims:
            raise _refuse(op, "looks up along another dimension than the first")
        return tf.gather(table, ids)
    _constant(op, values, 1)
    if op.options.batchDims:
        raise _refuse(op, "has dimensions of its own for the batch")
    return tf.gather(table, ids, axis=_axis(op, axis, len(table.shape)))


def _lookup(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    return tf.gather(values[1], values[0])


def _tile(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    times = _constant(op, values, 1)
    if times[0] != 1:
        raise _refuse(op, "repeats the first dimension")
    return tf.tile(values[0], times)


def _broadcast(values: Sequence[Any], op: Operator) -> Any:
    shape = op.outputs[0].shape
    if shape[0] != 1:
        raise _refuse(op, f"gives the shape {shape}")
    return values[0] * np.ones(shape, op.outputs[0].dtype)


def _resize(name: str) -> Callable[[Sequence[Any], Operator], Any]:
    def compute(values: Sequence[Any], op: Operator) -> Any:
        import tensorflow as tf

        return getattr(tf.raw_ops, name)(
            images=values[0],
            size=_constant(op, values, 1),
            align_corners=bool(op.options.alignCorners),
            half_pixel_centers=bool(op.options.halfPixelCenters),
        )

    return compute


def _blocks(name: str) -> Callable[[Sequence[Any], Operator], Any]:
    def compute(values: Sequence[Any], op: Operator) -> Any:
        import tensorflow as tf

        return getattr(tf.nn, name)(values[0], op.options.blockSize)

    return compute


def _space_to_batch(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    return tf.space_to_batch_nd(values[0], _constant(op, values, 1), _constant(op, values, 2))


def _batch_to_space(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    return tf.batch_to_space(values[0], _constant(op, values, 1), _constant(op, values, 2))


FUNCTIONS: dict[str, Callable[[Sequence[Any], Operator], Any]] = {
    "RESHAPE": _reshape,
    "SQUEEZE": _reshape,
    "EXPAND_DIMS": _reshape,
    "TRANSPOSE": _transpose,
    "MEAN": _reduce("mean"),
    "SUM": _reduce("sum"),
    "REDUCE_MAX": _reduce("max"),
    "REDUCE_MIN": _reduce("min"),
    "CONCATENATION": _concatenate,
    "PACK": _pack,
    "UNPACK": _unpack,
    "SPLIT": _split,
    "SPLIT_V": _split_v,
    "PAD": _pad,
    "PADV2": _pad,
    "MIRROR_PAD": _pad,
    "SLICE": _slice,
    "STRIDED_SLICE": _strided_slice,
    "GATHER": _gather,
    "EMBEDDING_LOOKUP": _lookup,
    "TILE": _tile,
    "BROADCAST_TO": _broadcast,
    "RESIZE_BILINEAR": _resize("ResizeBilinear"),
    "RESIZE_NEAREST_NEIGHBOR": _resize("ResizeNearestNeighbor"),
    "SPACE_TO_DEPTH": _blocks("space_to_depth"),
    "DEPTH_TO_SPACE": _blocks("depth_to_space"),
    # Blocks go in front of the batch, and come back before anything else looks at it.
    "SPACE_TO_BATCH_ND": _space_to_batch,
    "BATCH_TO_SPACE_ND": _batch_to_space,
}
