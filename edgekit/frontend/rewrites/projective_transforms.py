"""Images seen through a projective transform: the coordinates computed, the pixels gathered."""

from __future__ import annotations

from typing import Any

import numpy as np

from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule

# Pixels farther outside than this are outside all the same, and fit an integer.
_FAR = 1e6


def projective_transform(
    call: OperatorCall, images: Any, transforms: Any, shape: Any, fill: Any
) -> Any:
    """ImageProjectiveTransformV3 of one image, with constant or nearest values outside.

    A pixel (x, y) of the output is read at `(a x + b y + c) / k`, `(d x + e y + f) / k` with
    `k = g x + h y + 1`, for a row `a b c d e f g h` of `transforms`.
    """
    import tensorflow as tf

    mode = call.attributes["fill_mode"].decode() or "CONSTANT"
    if mode not in ("CONSTANT", "NEAREST") or call.sizes(0, 0) != (1,) or call.sizes(1, 0) != (1,):
        raise NoRewrite(f"fill mode {mode}, or several images")
    _, height, width, channels = call.sizes(0)
    rows, columns = (int(n) for n in call.constant(2))
    ys, xs = (grid.ravel() for grid in np.mgrid[:rows, :columns].astype(np.float32))
    a, b, c, d, e, f, g, h = tf.unstack(transforms[0])
    k = g * xs + h * ys + 1.0
    x, y = (a * xs + b * ys + c) / k, (d * xs + e * ys + f) / k
    if mode == "NEAREST":
        x, y = tf.clip_by_value(x, 0.0, width - 1.0), tf.clip_by_value(y, 0.0, height - 1.0)
    pixels = tf.reshape(images, (height * width, channels))
    far_x, far_y = tf.clip_by_value(x, -_FAR, _FAR), tf.clip_by_value(y, -_FAR, _FAR)

    def read(row: Any, column: Any) -> Any:
        inside = (row >= 0.0) & (row <= height - 1.0) & (column >= 0.0) & (column <= width - 1.0)
        near_row = tf.clip_by_value(row, 0.0, height - 1.0)
        near_column = tf.clip_by_value(column, 0.0, width - 1.0)
        values = tf.gather(pixels, tf.cast(near_row * width + near_column, tf.int32))
        return tf.where(inside[:, None], values, tf.cast(fill, values.dtype))

    if call.attributes["interpolation"].decode() == "NEAREST":
        result = read(_round(far_y), _round(far_x))
    else:
        top, left = tf.floor(far_y), tf.floor(far_x)
        down, right = (far_y - top)[:, None], (far_x - left)[:, None]
        above = (1.0 - right) * read(top, left) + right * read(top, left + 1.0)
        below = (1.0 - right) * read(top + 1.0, left) + right * read(top + 1.0, left + 1.0)
        result = (1.0 - down) * above + down * below
    result = tf.where(tf.equal(k, 0.0)[:, None], tf.cast(fill, result.dtype), result)
    return tf.reshape(result, (1, rows, columns, channels))


def _round(x: Any) -> Any:
    """To the nearest integer, halves away from zero as in C."""
    import tensorflow as tf

    return tf.sign(x) * tf.floor(tf.abs(x) + 0.5)


RULES: dict[str, Rule] = {"ImageProjectiveTransformV3": projective_transform}
