"""Resizing of images as two matrix products, one for each axis.

Bicubic, area and antialiased resizing are linear in the pixels and separable. The matrix of an axis
is what TensorFlow's own operator makes of the unit vectors, so that no kernel is written twice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule

# Of the larger matrix, in values: 4 bytes each in the file.
_MOST_VALUES = 2**22


def resize(call: OperatorCall, images: Any, size: Any) -> Any:
    """ResizeBicubic and ResizeArea; images `(batch, height, width, channels)`."""
    import tensorflow as tf

    names = [n for n in ("align_corners", "half_pixel_centers") if n in call.attributes]
    options = {name: call.attributes[name] for name in names}
    wanted = [int(n) for n in call.constant(1)]

    def along(axis: int, units: np.ndarray) -> np.ndarray:
        # Without half pixels a size of one is never scaled; with them one pixel is its own centre.
        shape = [wanted[0], 1] if axis == 0 else [1, wanted[1]]
        operator = getattr(tf.raw_ops, call.type)
        return np.asarray(operator(images=units, size=shape, **options))

    return _separable(call, images, wanted, along)


def scale_and_translate(
    call: OperatorCall, images: Any, size: Any, scale: Any, translation: Any
) -> Any:
    """ScaleAndTranslate, which antialiased resizing and Lanczos kernels are made of."""
    import tensorflow as tf

    wanted = [int(n) for n in call.constant(1)]
    factors, shift = call.constant(2), call.constant(3)

    def along(axis: int, units: np.ndarray) -> np.ndarray:
        def pick(values: Any, other: float) -> list[Any]:
            return [values[0], other] if axis == 0 else [other, values[1]]

        return np.asarray(
            tf.raw_ops.ScaleAndTranslate(
                images=units,
                size=pick(wanted, 1),
                scale=np.asarray(pick(factors, 1.0), np.float32),
                translation=np.asarray(pick(shift, 0.0), np.float32),
                kernel_type=call.attributes["kernel_type"].decode(),
                antialias=call.attributes["antialias"],
            )
        )

    return _separable(call, images, wanted, along)


def _separable(
    call: OperatorCall,
    images: Any,
    wanted: list[int],
    along: Callable[[int, np.ndarray], np.ndarray],
) -> Any:
    import tensorflow as tf

    height, width = call.sizes(0, 1, 2)
    if max(height * wanted[0], width * wanted[1]) > _MOST_VALUES:
        raise NoRewrite("the images are too large for matrices")
    with tf.init_scope():  # computed here and now: the results are constants of the graph
        rows = along(0, np.eye(height, dtype=np.float32)[None, :, None, :])[0, :, 0, :]
        columns = along(1, np.eye(width, dtype=np.float32)[None, None, :, :])[0, 0, :, :]
    floats = tf.cast(images, tf.float32)
    by_width = tf.tensordot(floats, rows.T, axes=[[1], [0]])  # batch, width, channels, rows
    by_channel = tf.tensordot(
        by_width, columns.T, axes=[[1], [0]]
    )  # batch, channels, rows, columns
    return tf.transpose(by_channel, (0, 2, 3, 1))


RULES: dict[str, Rule] = {
    "ResizeArea": resize,
    "ResizeBicubic": resize,
    "ScaleAndTranslate": scale_and_translate,
}
