"""Between real numbers and the integers that stand for them."""

from __future__ import annotations

import numpy as np

from edgekit.tflite import Tensor


def real(stored: np.ndarray, tensor: Tensor) -> np.ndarray:
    """`scale * (stored - zero_point)`, float32; what a float tensor stores as it is.

    Args:
        stored: `(..., *shape of the tensor)`.
        tensor: Where it is stored: one scale, or one for each index of a dimension.
    """
    how = tensor.quantization
    if how is None:
        return stored
    scale, zero = np.array(how.scale, np.float32), np.array(how.zero_point, np.float32)
    if len(scale) > 1:
        shape = [1] * len(tensor.shape)
        shape[how.dimension] = len(scale)
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return np.asarray((stored.astype(np.float32) - zero) * scale, dtype=np.float32)


def stored(values: np.ndarray, tensor: Tensor) -> np.ndarray:
    """Real values as `tensor` stores them, rounded and clipped to its integers."""
    if tensor.quantization is None:
        return np.asarray(values, dtype=tensor.dtype)
    [scale], [zero] = tensor.quantization.scale, tensor.quantization.zero_point
    info = np.iinfo(tensor.dtype)
    codes = np.rint(np.asarray(values, np.float32) / np.float32(scale)) + zero
    return np.asarray(np.clip(codes, info.min, info.max), dtype=tensor.dtype)
