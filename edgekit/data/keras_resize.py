"""The resize of `tf.image.resize`, which Keras' own loaders of images use, to the bit.

`keras.utils.image_dataset_from_directory` and `keras.layers.Resizing` call it as it is by default:
bilinear, centres of pixels at halves, and no antialiasing: of an image that shrinks to a third most
pixels are not looked at. Its values are float32 and are not rounded to bytes. The arithmetic is
that of TensorFlow's `resize_bilinear_op.cc` on a CPU, in its order, all of it in float32.
"""

from __future__ import annotations

import numpy as np


def resize(pixels: np.ndarray, height: int, width: int) -> np.ndarray:
    """An image at another size.

    Args:
        pixels: `(rows, columns, channels)`.
        height: Rows of the result.
        width: Columns of the result.

    Returns:
        float32 `(height, width, channels)`.
    """
    values = pixels.astype(np.float32)
    upper, lower, down = _neighbours(values.shape[0], height)
    left, right, across = _neighbours(values.shape[1], width)
    down, across = down[:, None, None], across[None, :, None]
    top, bottom = (
        _between(values[rows][:, left], values[rows][:, right], across) for rows in (upper, lower)
    )
    return _between(top, bottom, down)


def _between(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    made: np.ndarray = one + (other - one) * share
    return made


def _neighbours(count: int, wanted: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each new pixel along a side: the old ones beside it, and how far the second one counts."""
    half = np.float32(0.5)
    scale = np.float32(count) / np.float32(wanted)
    at = (np.arange(wanted, dtype=np.float32) + half) * scale - half
    before = np.floor(at)
    first = np.maximum(before, 0).astype(np.int64)
    second = np.minimum(np.ceil(at), count - 1).astype(np.int64)
    return first, second, at - before
