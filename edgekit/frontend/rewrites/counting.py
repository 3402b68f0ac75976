"""Counts, ranks, places of values, and products along an axis, by comparisons and sums."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule

_MOST_VALUES = 2**24


def dense_bincount(call: OperatorCall, values: Any, size: Any, weights: Any) -> Any:
    """DenseBincount: the sum of one-hot rows. Ids from `size` on are in none, as in TensorFlow."""
    return _bincount(call, values, size, weights)


def bincount(call: OperatorCall, values: Any, size: Any, weights: Any) -> Any:
    """Bincount, which has no rows: all values are one."""
    import tensorflow as tf

    return _bincount(call, tf.reshape(values, (-1,)), size, weights)


def _bincount(call: OperatorCall, values: Any, size: Any, weights: Any) -> Any:
    import tensorflow as tf

    known = call.constants[1]
    bins = tf.cast(size, tf.int32) if known is None else int(known)
    # Without weights each value counts as one.
    weighted = 0 not in call.shapes[2]
    hot = tf.one_hot(values, bins, dtype=weights.dtype)
    if call.attributes.get("binary_output"):
        return tf.reduce_max(hot, axis=-2)
    if weighted:
        hot *= tf.expand_dims(tf.reshape(weights, tf.shape(values)), -1)
    return tf.reduce_sum(hot, axis=-2)


def lower_bound(call: OperatorCall, ordered: Any, values: Any) -> Any:
    """How many of a row lie below each value; rows `(batch, n)`, values `(batch, m)`."""
    return _count(call, ordered, values, strictly=True)


def upper_bound(call: OperatorCall, ordered: Any, values: Any) -> Any:
    """How many of a row do not lie above each value."""
    return _count(call, ordered, values, strictly=False)


def _count(call: OperatorCall, ordered: Any, values: Any, *, strictly: bool) -> Any:
    import tensorflow as tf

    known = [size for size in (*call.shapes[0], *call.shapes[1][1:]) if size is not None]
    if np.prod(known) > _MOST_VALUES:
        raise NoRewrite("too many comparisons")
    rows, columns = tf.expand_dims(ordered, 1), tf.expand_dims(values, 2)
    below = rows < columns if strictly else rows <= columns
    kind = call.attributes["out_type"]
    return tf.cast(tf.reduce_sum(tf.cast(below, tf.int32), axis=-1), kind)


def in_top_k(call: OperatorCall, predictions: Any, targets: Any, k: Any) -> Any:
    """Whether fewer than `k` predictions of a row lie above that of the target."""
    import tensorflow as tf

    classes = call.sizes(0, 1)[0]
    hot = tf.one_hot(targets, classes, dtype=predictions.dtype)
    target = tf.reduce_sum(hot * predictions, axis=-1, keepdims=True)
    above = tf.reduce_sum(tf.cast(predictions > target, tf.int32), axis=-1)
    return above < tf.cast(k, tf.int32)


def cumulative_product(call: OperatorCall, x: Any, axis: Any) -> Any:
    """Products of 2, 4, 8 ... neighbours (W. D. Hillis and G. L. Steele, 1986)."""
    import tensorflow as tf

    place = int(call.constant(1)) % len(call.shapes[0])
    size = call.sizes(0, place)[0]
    if call.attributes["reverse"]:
        x = tf.reverse(x, [place])
    shift = 1
    if call.attributes["exclusive"]:
        x = _shifted(x, place, 1)
    while shift < size:
        x = x * _shifted(x, place, shift)
        shift *= 2
    return tf.reverse(x, [place]) if call.attributes["reverse"] else x


def _shifted(x: Any, axis: int, places: int) -> Any:
    """The values moved along the axis, ones moved in."""
    import tensorflow as tf

    size = int(x.shape[axis])
    kept: list[Any] = [slice(None)] * axis + [slice(0, size - places)]
    ones: list[Any] = [slice(None)] * axis + [slice(0, places)]
    return tf.concat([tf.ones_like(x[tuple(ones)]), x[tuple(kept)]], axis=axis)


def matrix_diagonal(call: OperatorCall, x: Any, k: Any, padding: Any) -> Any:
    """MatrixDiagPartV2 and V3 of one diagonal: values at places that are known."""
    import tensorflow as tf

    diagonals = np.unique(call.constant(1))
    if len(diagonals) != 1:
        raise NoRewrite("several diagonals")
    offset = int(diagonals[0])
    *outer, rows, columns = call.sizes(0)
    first_row, first_column = max(-offset, 0), max(offset, 0)
    count = min(rows - first_row, columns - first_column)
    places = (first_row * columns + first_column) + np.arange(count) * (columns + 1)
    return tf.gather(tf.reshape(x, (*outer, rows * columns)), places.astype(np.int32), axis=-1)


def cross(call: OperatorCall, a: Any, b: Any) -> Any:
    """The vector product: `a2 b3 - a3 b2` and its rotations."""
    import tensorflow as tf

    (x, y, z), (u, v, w) = tf.split(a, 3, axis=-1), tf.split(b, 3, axis=-1)
    return tf.concat([y * w - z * v, z * u - x * w, x * v - y * u], axis=-1)


RULES: dict[str, Rule] = {
    "Bincount": bincount,
    "Cross": cross,
    "Cumprod": cumulative_product,
    "DenseBincount": dense_bincount,
    "InTopKV2": in_top_k,
    "LowerBound": lower_bound,
    "MatrixDiagPartV2": matrix_diagonal,
    "MatrixDiagPartV3": matrix_diagonal,
    "UpperBound": upper_bound,
}
