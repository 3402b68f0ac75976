"""Operators on the bits of integers. TFLite has a right shift and an exclusive or."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule

_WIDTH = {"int32": 32, "int16": 16, "int8": 8, "uint8": 8}


def bitwise_and(call: OperatorCall, x: Any, y: Any) -> Any:
    """Bit by bit: the sum of `2^k` over the bits that both have.

    With the sign bit as a constant (Keras' `signbit`, hence `argmax`) it is a comparison.
    """
    import tensorflow as tf

    if x.dtype == tf.int32:
        for constant, other in ((call.constants[0], y), (call.constants[1], x)):
            if constant is not None and (constant == np.iinfo(np.int32).min).all():
                lowest = tf.fill(tf.shape(other), np.int32(np.iinfo(np.int32).min))
                return tf.where(other < 0, lowest, tf.zeros_like(other))
    both = _bits(x) * _bits(y)
    return tf.cast(tf.reduce_sum(both * _weights(x.dtype.name), axis=-1), x.dtype)


def bitwise_or(call: OperatorCall, x: Any, y: Any) -> Any:
    """`x + y - (x & y)`: what both have would count twice."""
    return x + y - bitwise_and(call, x, y)


def invert(call: OperatorCall, x: Any) -> Any:
    """`-1 - x` in two's complement; `255 - x` without a sign."""
    import tensorflow as tf

    if x.dtype.name not in _WIDTH:
        raise NoRewrite(f"Invert of {x.dtype.name}")
    if x.dtype == tf.uint8:
        return tf.cast(255 - tf.cast(x, tf.int32), tf.uint8)
    return tf.cast(-1 - tf.cast(x, tf.int32), x.dtype)


def left_shift(call: OperatorCall, x: Any, y: Any) -> Any:
    """`x 2^y`, the power taken from a table."""
    import tensorflow as tf

    if x.dtype != tf.int32:
        raise NoRewrite(f"LeftShift of {x.dtype.name}")
    powers = (1 << np.arange(32, dtype=np.int64)).astype(np.int32)
    # TensorFlow shifts by at most all bits but one.
    return x * tf.gather(powers, tf.clip_by_value(y, 0, 31))


def _bits(x: Any) -> Any:
    """Each bit, 0 or 1, along a new last axis: shape `(..., width)`, int32."""
    import tensorflow as tf

    if x.dtype.name not in _WIDTH:
        raise NoRewrite(f"bits of {x.dtype.name}")
    rows = tf.expand_dims(tf.cast(x, tf.int32), -1)
    places = np.arange(_WIDTH[x.dtype.name], dtype=np.int32)
    return tf.math.floormod(tf.bitwise.right_shift(rows, places), 2)


def _weights(dtype: str) -> np.ndarray:
    weights = 1 << np.arange(_WIDTH[dtype], dtype=np.int64)
    if dtype != "uint8":
        weights[-1] = -weights[-1]
    return weights.astype(np.int32)


RULES: dict[str, Rule] = {
    "BitwiseAnd": bitwise_and,
    "BitwiseOr": bitwise_or,
    "Invert": invert,
    "LeftShift": left_shift,
}
