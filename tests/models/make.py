"""Make the tiny single-operator `.tflite` files of this folder.

`python tests/models/make.py` needs TensorFlow. The files are what TensorFlow's own
converter writes, so that edgekit's operator versions can be held against its own.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
# The schemes that each operator is kept in: what the tests use, to keep the folder small.
FULL = ("float32", "float16", "int8", "int16x8")
SCHEMES = {
    "conv_2d": FULL,
    "conv_2d_grouped": ("float32", "int8"),
    "depthwise_conv_2d": FULL,
    "transpose_conv": ("float32", "int8"),
    "fully_connected": FULL,
    "fully_connected_no_bias": ("float32", "int8"),
    # TensorFlow leaves fewer than 1,024 weights float.
    "conv_2d_wide": ("dynamic",),
    "depthwise_conv_2d_wide": ("dynamic",),
    "fully_connected_wide": ("dynamic",),
    "average_pool_2d": ("float32", "int8", "int16x8"),
    "softmax": ("float32", "int8", "int16x8"),
    "add": ("float32", "int8", "int16x8"),
    "mul": ("int8",),
    "mean": ("int8",),
    "resize_bilinear": ("int8",),
    "transpose": ("int8",),
    "logistic": ("int8",),
    "gather": ("float32",),
    "rfft2d": ("float32",),
}


def operators(tf: Any) -> dict[str, tuple[tuple[int, ...], Callable[[Any], Any]]]:
    """The input's shape and the function, by name."""
    random = np.random.default_rng(0)

    def weights(*shape: int) -> Any:
        return tf.constant(random.normal(size=shape).astype(np.float32) * 0.3)

    conv, grouped, depthwise = weights(3, 3, 4, 8), weights(3, 3, 2, 8), weights(3, 3, 4, 1)
    dense, bias, table = weights(12, 8), weights(8), weights(20, 16)
    wide, deep, broad = weights(3, 3, 4, 32), weights(16, 16, 4, 1), weights(12, 96)
    back = weights(3, 3, 8, 4)
    image, vector = (1, 6, 6, 4), (1, 12)
    return {
        "conv_2d": (image, lambda x: tf.nn.conv2d(x, conv, 1, "SAME") + bias),
        "conv_2d_grouped": (image, lambda x: tf.nn.conv2d(x, grouped, 1, "SAME")),
        "depthwise_conv_2d": (
            image,
            lambda x: tf.nn.depthwise_conv2d(x, depthwise, (1, 1, 1, 1), "SAME"),
        ),
        "transpose_conv": (
            image,
            lambda x: tf.nn.conv2d_transpose(x, back, (1, 12, 12, 8), 2, "SAME"),
        ),
        "fully_connected": (vector, lambda x: tf.matmul(x, dense) + bias),
        "fully_connected_no_bias": (vector, lambda x: tf.matmul(x, dense)),
        "conv_2d_wide": (image, lambda x: tf.nn.conv2d(x, wide, 1, "SAME")),
        "depthwise_conv_2d_wide": (
            image,
            lambda x: tf.nn.depthwise_conv2d(x, deep, (1, 1, 1, 1), "SAME"),
        ),
        "fully_connected_wide": (vector, lambda x: tf.matmul(x, broad)),
        "average_pool_2d": (image, lambda x: tf.nn.avg_pool2d(x, 2, 2, "VALID")),
        "softmax": (vector, tf.nn.softmax),
        "add": (image, lambda x: x + tf.nn.relu(x)),
        "mul": (vector, lambda x: x * tf.nn.relu(x)),
        "logistic": (vector, tf.sigmoid),
        "mean": (image, lambda x: tf.reduce_mean(x, (1, 2))),
        "resize_bilinear": (
            image,
            lambda x: tf.compat.v1.image.resize_bilinear(x, (12, 12), half_pixel_centers=True),
        ),
        "transpose": (image, lambda x: tf.transpose(x, (0, 3, 1, 2))),
        "gather": (vector, lambda x: tf.gather(table, tf.cast(tf.abs(x), tf.int32))),
        "rfft2d": ((1, 4, 8), lambda x: tf.abs(tf.signal.rfft2d(x))),
    }


def convert(tf: Any, shape: tuple[int, ...], function: Callable[[Any], Any], scheme: str) -> bytes:
    """One operator through TensorFlow's converter."""
    module = tf.Module()
    call = tf.function(
        lambda x: {"y": function(x)},
        input_signature=[tf.TensorSpec(shape, tf.float32, name="x")],
    )
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [call.get_concrete_function()], module
    )
    samples = np.random.default_rng(1).normal(size=(8, *shape)).astype(np.float32)
    if scheme != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if scheme == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if scheme in ("int8", "int16x8"):
        converter.representative_dataset = lambda: ({"x": sample} for sample in samples)
        sets = tf.lite.OpsSet
        converter.target_spec.supported_ops = [
            sets.TFLITE_BUILTINS_INT8
            if scheme == "int8"
            else sets.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        ]
    return bytes(converter.convert())


def resources(tf: Any) -> dict[str, bytes]:
    """Files with a variable, with the same as an input, and with a table of text."""
    total = tf.Variable(tf.zeros((1, 3)))
    words = tf.lookup.KeyValueTensorInitializer(["red", "blue"], tf.constant([1, 2], tf.int64))
    table = tf.lookup.StaticHashTable(words, 0)

    def running(x: Any) -> dict[str, Any]:
        return {"y": total.assign_add(x) * 2}

    def fed(x: Any, total: Any) -> dict[str, Any]:
        return {"y": (total + x) * 2, "new_total": total + x}

    def found(x: Any) -> dict[str, Any]:
        return {"y": tf.reshape(table.lookup(x), (1, 3))}

    row, text = tf.TensorSpec((1, 3), name="x"), tf.TensorSpec((1, 3), tf.string, name="x")
    given = {
        "running_total": (running, (row,), total),
        "fed_total": (fed, (row, tf.TensorSpec((1, 3), name="total")), None),
        "look_up_words": (found, (text,), table),
    }
    made = {}
    for name, (function, signature, held) in given.items():
        holder = tf.Module()
        holder.held = held
        call = tf.function(function, input_signature=signature).get_concrete_function()
        converter = tf.lite.TFLiteConverter.from_concrete_functions([call], holder)
        made[name] = bytes(converter.convert())
    return made


def main() -> None:
    """Write every file."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    made = operators(tf)
    for name, schemes in SCHEMES.items():
        for scheme in schemes:
            content = convert(tf, *made[name], scheme)
            (HERE / f"{name}.{scheme}.tflite").write_bytes(content)
    for name, content in resources(tf).items():
        (HERE / f"{name}.float32.tflite").write_bytes(content)


if __name__ == "__main__":
    main()
