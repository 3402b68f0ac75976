"""Other integers in the weights of a file that the quantizer made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.compat import litert
from edgekit.quantize.rewrite.cast_pairs import behind_casts
from edgekit.tflite import Model, Operator, Tensor

# Where activations and bias stand, where that is not 0 and 2.
_PLACES = {"TRANSPOSE_CONV": (2, 3)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """What one operator's weights become.

    Attributes:
        codes: int8, in the shape of the float tensor; 4-bit codes too.
        scales: One for each output channel, float32.
        bias: In real units, `(channels,)`; None leaves the file's own.
        bits: Of the codes; a file that stores this operator otherwise is left alone.
    """

    codes: np.ndarray
    scales: np.ndarray
    bias: np.ndarray | None
    bits: int


def stored_weight(op: Operator, makers: Mapping[tuple[int, int], Operator]) -> Tensor | None:
    """The integer weights that an operator of a quantized file reads, with one scale a channel.

    None where it has none: the operator stayed float. `makers` is what `pairing.producers`
    found.
    """
    if len(op.operands) < 2 or op.operands[1] is None:
        return None
    weight, _ = behind_casts(op, op.operands[1], makers)
    if weight.dtype not in ("int4", "int8") or not weight.is_constant:
        return None
    if weight.quantization is None or weight.quantization.granularity.startswith("blockwise"):
        return None
    return weight


def apply(
    model: Model,
    op: Operator,
    weights: Weights,
    makers: Mapping[tuple[int, int], Operator],
) -> bool:
    """Write weights, scales and bias into a quantized file, in place.

    Returns:
        Whether the file stores this operator's weights in so many bits, with as many scales;
        if not, it stays as it is.
    """
    weight = stored_weight(op, makers)
    if weight is None or {"int4": 4, "int8": 8}[weight.dtype] != weights.bits:
        return False
    assert weight.quantization is not None
    if len(weight.quantization.scale) != len(weights.scales):
        return False  # codes counted in other steps
    graph = model.subgraphs[op.subgraph]
    raw = graph.tensors[weight.index]
    raw.quantization.scale = scales = weights.scales.astype(np.float32)
    _set_data(model, raw, _packed(weights.codes, weights.bits))
    given, place_of_bias = _PLACES.get(op.name, (0, 2))
    bias = op.operands[place_of_bias] if len(op.operands) > place_of_bias else None
    if bias is None or weights.bias is None:
        return True
    place = graph.tensors[bias.index]
    if bias.dtype == "float32":
        _set_data(model, place, weights.bias.astype("<f4").view(np.uint8))
        return True
    source = op.operands[given]
    assert source is not None  # an integer bias goes with integer inputs
    [scale] = source.scale
    units = np.float32(scale) * scales
    limits = np.iinfo(bias.dtype)
    codes = np.rint(weights.bias.astype(np.float64) / units)
    place.quantization.scale = np.asarray(units, np.float32)
    data = np.clip(codes, limits.min, limits.max).astype(np.dtype(bias.dtype).newbyteorder("<"))
    _set_data(model, place, data.view(np.uint8))
    return True


def _packed(codes: np.ndarray, bits: int) -> np.ndarray:
    """Codes as bytes; two of 4 bits in each, the first in the low half."""
    flat = codes.reshape(-1).view(np.uint8)
    if bits == 8:
        return flat
    if len(flat) % 2:
        flat = np.append(flat, np.uint8(0))
    return np.asarray((flat[0::2] & 15) | (flat[1::2] << 4), dtype=np.uint8)


def _set_data(model: Model, tensor: Any, data: np.ndarray) -> None:
    """Give a tensor a buffer of its own with this content."""
    schema = litert.schema()

    number = tensor.buffer
    users = sum(t.buffer == number for graph in model.subgraphs for t in graph.tensors)
    if users > 1:
        model.buffers.append(schema.BufferT())
        tensor.buffer = number = len(model.buffers) - 1
    model.buffers[number].data = np.ascontiguousarray(data)
