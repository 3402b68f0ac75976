"""The values of constant tensors: weights, biases, shapes."""

from __future__ import annotations

import numpy as np

from edgekit.compat import litert
from edgekit.core.errors import ModelError
from edgekit.tflite import enums
from edgekit.tflite.graph import Tensor
from edgekit.tflite.schema_objects import Model


def values(model: Model, tensor: Tensor) -> np.ndarray | None:
    """A constant tensor's stored values (integers, not real numbers, where quantized).

    int4 and int2 are unpacked to int8, bfloat16 widened to float32.

    Args:
        model: What `read` returned.
        tensor: One of its tensors.

    Returns:
        An array of the tensor's shape, perhaps read-only; None for an activation.

    Raises:
        ModelError: The tensor is sparse, holds strings, or has another type that NumPy
            lacks.
    """
    data = model.buffers[tensor.buffer].data
    if data is None or not data.size:
        return None
    if tensor.is_sparse or tensor.dtype not in enums.BITS or "float8" in tensor.dtype:
        raise ModelError(
            "A tensor must be dense and of numbers, to be read as an array.",
            received=f"tensor {tensor.name!r} of type {tensor.dtype}"
            + (", stored sparse" if tensor.is_sparse else ""),
        )
    flat = _decode(np.asarray(data, dtype=np.uint8), tensor.dtype)
    count = int(np.prod(tensor.shape, dtype=np.int64))
    return flat[:count].reshape(tensor.shape)


def constant(model: Model, tensor: Tensor) -> np.ndarray:
    """The stored values of a tensor that is a constant, as `values`.

    Raises:
        ModelError: It is none, or as `values`.
    """
    stored = values(model, tensor)
    if stored is None:
        raise ModelError(
            "The file must hold the values of this tensor.",
            received=f"{tensor.name!r}, which is computed when the model runs",
        )
    return stored


def set_values(model: Model, subgraph: int, tensor: Tensor, array: np.ndarray) -> None:
    """Give a constant other stored values, in place; other tensors keep theirs.

    Args:
        model: What `read` returned.
        subgraph: The number of the tensor's graph.
        tensor: The constant; 4-bit ones are packed, two to a byte.
        array: Of the tensor's size, int8 for 4 bits, else of its type.
    """
    raw = model.subgraphs[subgraph].tensors[tensor.index]
    users = sum(t.buffer == raw.buffer for graph in model.subgraphs for t in graph.tensors)
    if users > 1:
        model.buffers.append(litert.schema().BufferT())
        raw.buffer = len(model.buffers) - 1
    model.buffers[raw.buffer].data = encode(array, tensor.dtype)


def encode(array: np.ndarray, dtype: str) -> np.ndarray:
    """Values as the bytes of a buffer, uint8; of int4 two in each, the first in the low half."""
    if dtype != "int4":
        ordered = np.ascontiguousarray(array, np.dtype(dtype).newbyteorder("<"))
        return ordered.reshape(-1).view(np.uint8)
    flat = array.reshape(-1).view(np.uint8)
    if len(flat) % 2:
        flat = np.append(flat, np.uint8(0))
    return np.asarray((flat[0::2] & 15) | (flat[1::2] << 4), dtype=np.uint8)


def _decode(data: np.ndarray, dtype: str) -> np.ndarray:
    if dtype == "bfloat16":
        return (data.view("<u2").astype(np.uint32) << 16).view(np.float32)
    if dtype in ("int4", "uint4", "int2"):
        bits = enums.BITS[dtype]
        shifts = np.arange(0, 8, bits, dtype=np.uint8)  # the lowest bits come first
        unpacked = ((data[:, None] >> shifts) & ((1 << bits) - 1)).reshape(-1).astype(np.int8)
        if dtype.startswith("u"):
            return unpacked.view(np.uint8)
        half = np.int8(1 << (bits - 1))
        return (unpacked ^ half) - half  # two's complement of so many bits
    return data.view(np.dtype(dtype).newbyteorder("<"))
