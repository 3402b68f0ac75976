"""Pooling of volumes as two poolings of images: first each slice, then across the slices.

A maximum is separable. So is an average: of a window at the edge TensorFlow counts what lies inside
alone, and that number is a product over the axes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule


def max_pool_3d(call: OperatorCall, x: Any) -> Any:
    """The maximum over height and width, then over depth."""
    import tensorflow as tf

    return _pool(call, x, tf.nn.max_pool2d)


def average_pool_3d(call: OperatorCall, x: Any) -> Any:
    """The average over height and width, then over depth."""
    import tensorflow as tf

    return _pool(call, x, tf.nn.avg_pool2d)


def _pool(call: OperatorCall, x: Any, pool: Callable[..., Any]) -> Any:
    import tensorflow as tf

    if call.attributes["data_format"] != b"NDHWC":
        raise NoRewrite("channels come first")
    window, strides = list(call.attributes["ksize"]), list(call.attributes["strides"])
    if {window[0], window[4], strides[0], strides[4]} != {1}:
        raise NoRewrite("pooling over samples or channels")
    padding = call.attributes["padding"].decode()
    batch, depth, height, width, channels = call.sizes(0)
    slices = tf.reshape(x, (batch * depth, height, width, channels))
    slices = pool(slices, window[2:4], strides[2:4], padding)
    _, height, width, _ = slices.shape
    columns = tf.reshape(slices, (batch, depth, height * width, channels))
    columns = pool(columns, (window[1], 1), (strides[1], 1), padding)
    return tf.reshape(columns, (batch, columns.shape[1], height, width, channels))


RULES: dict[str, Rule] = {"AvgPool3D": average_pool_3d, "MaxPool3D": max_pool_3d}
