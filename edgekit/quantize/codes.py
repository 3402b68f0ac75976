"""Between real numbers and the integers that stand for them."""

from __future__ import annotations

import numpy as np

from edgekit.flatbuffer import Tensor


def real(stored: np.ndarray, tensor: Tensor) -> np.ndarray:
    """`scale * (stored - zero_point)` of an activation, float32; a float tensor as it is.

    Args:
        stored: Any shape.
        tensor: What it is an activation of: one scale.
    """
    if tensor.quantization is None:
        return stored
    [scale], [zero] = tensor.quantization.scale, tensor.quantization.zero_point
    return (stored.astype(np.float32) - np.float32(zero)) * np.float32(scale)


def stored(values: np.ndarray, tensor: Tensor) -> np.ndarray:
    """Real values as `tensor` stores them, rounded and clipped to its integers."""
    if tensor.quantization is None:
        return np.asarray(values, dtype=tensor.dtype)
    [scale], [zero] = tensor.quantization.scale, tensor.quantization.zero_point
    info = np.iinfo(tensor.dtype)
    codes = np.rint(np.asarray(values, np.float32) / np.float32(scale)) + zero
    return np.asarray(np.clip(codes, info.min, info.max), dtype=tensor.dtype)
