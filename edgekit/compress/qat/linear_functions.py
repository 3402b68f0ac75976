"""Convolutions, dense layers, matrix products and pooling as TensorFlow functions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from edgekit.tflite import Operator

_PADDING = {0: "SAME", 1: "VALID"}


def kernel(name: str, weights: Any) -> Any:
    """Weights as TFLite stores them, in TensorFlow's order of dimensions.

    | operator | TFLite | TensorFlow |
    |---|---|---|
    | CONV_2D | (out, height, width, in) | (height, width, in, out) |
    | DEPTHWISE_CONV_2D | (1, height, width, out) | (height, width, out) |
    | TRANSPOSE_CONV | (out, height, width, in) | (height, width, out, in) |
    | FULLY_CONNECTED | (out, in) | (in, out) |

    Args:
        name: The operator's.
        weights: A tensor or an array.
    """
    import tensorflow as tf

    if name == "DEPTHWISE_CONV_2D":
        return weights[0]
    order = {"CONV_2D": (1, 2, 3, 0), "TRANSPOSE_CONV": (1, 2, 0, 3), "FULLY_CONNECTED": (1, 0)}
    if isinstance(weights, np.ndarray):
        return weights.transpose(order[name])
    return tf.transpose(weights, order[name])


def _conv(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    x, weights, bias = _three(values)
    options = op.options
    rates = (options.dilationHFactor, options.dilationWFactor)
    strides = (options.strideH, options.strideW)
    groups = int(x.shape[-1]) // int(weights.shape[2])
    if groups > 1:  # TensorFlow has no gradient of grouped convolutions on a CPU
        parts = zip(tf.split(x, groups, -1), tf.split(weights, groups, -1), strict=True)
        y = tf.concat([_plain(a, w, strides, rates, options.padding) for a, w in parts], -1)
    else:
        y = _plain(x, weights, strides, rates, options.padding)
    return y if bias is None else y + bias


def _plain(
    x: Any, weights: Any, strides: tuple[int, int], rates: tuple[int, int], padding: int
) -> Any:
    import tensorflow as tf

    if rates == (1, 1):
        return tf.nn.conv2d(x, weights, strides, _PADDING[padding])
    # Nor of dilated ones: zeros between the weights do the same.
    return tf.nn.conv2d(
        *_dilated(x, weights, strides, rates, padding), strides=strides, padding="VALID"
    )


def _dilated(
    x: Any, weights: Any, strides: tuple[int, int], rates: tuple[int, int], padding: int
) -> tuple[Any, Any]:
    """Inputs padded by hand, and weights with zeros in between, for VALID padding."""
    import tensorflow as tf

    for axis, rate in enumerate(rates):
        if rate > 1:
            taps = int(weights.shape[axis])
            shape = [int(size) for size in weights.shape]
            spread = tf.stack([weights, *[tf.zeros_like(weights)] * (rate - 1)], axis=axis + 1)
            shape[axis] = taps * rate
            spread = tf.reshape(spread, shape)
            weights = tf.gather(spread, range((taps - 1) * rate + 1), axis=axis)
    return _padded(x, weights, strides, padding), weights


def _padded(x: Any, weights: Any, strides: tuple[int, int], padding: int) -> Any:
    import tensorflow as tf

    if padding != 0:
        return x
    sides = []
    for axis, stride in enumerate(strides):
        size, taps = int(x.shape[axis + 1]), int(weights.shape[axis])
        total = max(0, (-(-size // stride) - 1) * stride + taps - size)
        sides.append((total // 2, total - total // 2))
    return tf.pad(x, [(0, 0), *sides, (0, 0)])


def _depthwise(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    x, weights, bias = _three(values)
    options = op.options
    height, width, channels = (int(size) for size in weights.shape)
    inputs = int(x.shape[-1])
    weights = tf.reshape(weights, (height, width, inputs, channels // inputs))
    rates = (options.dilationHFactor, options.dilationWFactor)
    strides = (options.strideH, options.strideW)
    padding = _PADDING[options.padding]
    if rates != (1, 1):
        x, weights = _dilated(x, weights, strides, rates, options.padding)
        padding = "VALID"
    if strides[0] == strides[1]:
        y = tf.nn.depthwise_conv2d(x, weights, (1, *strides, 1), padding)
    else:  # TensorFlow's kernel wants one stride for both sides
        if padding == "SAME":
            x = _padded(x, weights, strides, 0)
        y = tf.nn.depthwise_conv2d(x, weights, (1, 1, 1, 1), "VALID")
        y = y[:, :: strides[0], :: strides[1]]
    return y if bias is None else y + bias


def _transposed(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    _, weights, x, *rest = values
    options = op.options
    _, *shape = op.outputs[0].shape
    y = tf.nn.conv2d_transpose(
        x,
        weights,
        (tf.shape(x)[0], *shape),
        (options.strideH, options.strideW),
        _PADDING[options.padding],
    )
    y = tf.ensure_shape(y, (None, *shape))
    return y if not rest or rest[0] is None else y + rest[0]


def _dense(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    x, weights, bias = _three(values)
    inputs = int(weights.shape[0])
    if not op.options.keepNumDims:
        if len(x.shape) != 2 or x.shape[-1] != inputs:
            x = tf.reshape(x, (-1, inputs))
        y = tf.matmul(x, weights)
    else:
        y = tf.tensordot(x, weights, 1)
    y = y if bias is None else y + bias
    if len(y.shape) != len(op.outputs[0].shape):
        y = tf.reshape(y, (-1, *op.outputs[0].shape[1:]))
    return y


def _product(values: Sequence[Any], op: Operator) -> Any:
    import tensorflow as tf

    a, b = values
    return tf.matmul(a, b, transpose_a=bool(op.options.adjX), transpose_b=bool(op.options.adjY))


def _pool(kind: str) -> Any:
    def compute(values: Sequence[Any], op: Operator) -> Any:
        import tensorflow as tf

        options = op.options
        pool = tf.nn.avg_pool2d if kind == "average" else tf.nn.max_pool2d
        return pool(
            values[0],
            (options.filterHeight, options.filterWidth),
            (options.strideH, options.strideW),
            _PADDING[options.padding],
        )

    return compute


def _three(values: Sequence[Any]) -> tuple[Any, Any, Any]:
    x, weights, *rest = values
    return x, weights, rest[0] if rest else None


FUNCTIONS = {
    "CONV_2D": _conv,
    "DEPTHWISE_CONV_2D": _depthwise,
    "TRANSPOSE_CONV": _transposed,
    "FULLY_CONNECTED": _dense,
    "BATCH_MATMUL": _product,
    "AVERAGE_POOL_2D": _pool("average"),
    "MAX_POOL_2D": _pool("max"),
}
