"""Windows over images: patches, and transposed convolutions whose kernels have gaps."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule

_MOST_VALUES = 2**22


def patches(call: OperatorCall, images: Any) -> Any:
    """ExtractImagePatches: a convolution whose kernels each pick one value of the window."""
    import tensorflow as tf

    _, height, width, _ = call.attributes["ksizes"]
    channels = call.sizes(0, 3)[0]
    values = height * width * channels
    if values * values > _MOST_VALUES:
        raise NoRewrite(f"patches of {values} values")
    picks = np.eye(values, dtype=np.float32).reshape(height, width, channels, values)
    return tf.cast(
        tf.nn.conv2d(
            tf.cast(images, tf.float32),
            picks,
            strides=list(call.attributes["strides"]),
            padding=call.attributes["padding"].decode(),
            dilations=list(call.attributes["rates"]),
        ),
        images.dtype,
    )


def dilated_transpose(call: OperatorCall, sizes: Any, kernel: Any, images: Any) -> Any:
    """Conv2DBackpropInput with dilation: the gaps are zeros of a larger kernel."""
    import tensorflow as tf

    rates = list(call.attributes["dilations"])[1:3]
    if call.attributes["data_format"] != b"NHWC":
        raise NoRewrite("channels come first")
    height, width, out, into = call.sizes(1)
    spread = tf.reshape(kernel, (height, 1, width, 1, out, into))
    gaps = [[0, 0], [0, rates[0] - 1], [0, 0], [0, rates[1] - 1], [0, 0], [0, 0]]
    spread = tf.reshape(tf.pad(spread, gaps), (height * rates[0], width * rates[1], out, into))
    return tf.raw_ops.Conv2DBackpropInput(
        input_sizes=[int(n) for n in call.constant(0)],
        filter=spread[: (height - 1) * rates[0] + 1, : (width - 1) * rates[1] + 1],
        out_backprop=images,
        strides=list(call.attributes["strides"]),
        padding=call.attributes["padding"].decode(),
    )


RULES: dict[str, Rule] = {"Conv2DBackpropInput": dilated_transpose, "ExtractImagePatches": patches}
