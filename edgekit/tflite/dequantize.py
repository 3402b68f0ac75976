"""Between real numbers and the integers that stand for them."""

from __future__ import annotations

import numpy as np

from edgekit import tflite
from edgekit.tflite import Model, Tensor

_BLOCKWISE = "blockwise_"


def dequantize(stored: np.ndarray, tensor: Tensor) -> np.ndarray:
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


def quantize(values: np.ndarray, tensor: Tensor) -> np.ndarray:
    """Real values as `tensor` stores them, rounded and clipped to its integers; text as UTF-8."""
    if tensor.dtype == "string":
        return np.char.encode(values, "utf-8")
    if tensor.quantization is None:
        return np.asarray(values, dtype=tensor.dtype)
    [scale], [zero] = tensor.quantization.scale, tensor.quantization.zero_point
    info = np.iinfo(tensor.dtype)
    rounded = np.rint(np.asarray(values, np.float32) / np.float32(scale)) + zero
    return np.asarray(np.clip(rounded, info.min, info.max), dtype=tensor.dtype)


def dequantized(model: Model, subgraph: int, tensor: Tensor) -> np.ndarray:
    """A constant in real units, float32 where it is quantized.

    Args:
        model: What `read` returned.
        subgraph: The number of the tensor's graph.
        tensor: The constant, quantized in any way or not.

    Raises:
        ModelError: As `tflite.constant`.
    """
    stored = tflite.constant(model, tensor)
    how = tensor.quantization
    if how is None or not how.granularity.startswith(_BLOCKWISE):
        return dequantize(stored, tensor)
    size = int(how.granularity.removeprefix(_BLOCKWISE))
    details = model.subgraphs[subgraph].tensors[tensor.index].quantization.details
    scales = tflite.constant(model, tflite.tensor(model, subgraph, int(details.scales)))
    blocks = stored.reshape(len(stored), -1, size).astype(np.float32)
    spread = scales.astype(np.float32).reshape(len(stored), -1, 1)
    return np.asarray((blocks * spread).reshape(stored.shape), np.float32)
