"""Other integers in the weights of a file that the quantizer made."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgekit import tflite
from edgekit.quantize.rewrite.cast_pairs import behind_casts
from edgekit.tflite import Model, Operator, Tensor, enums
from edgekit.tflite.quantized_weights import QuantizedWeights


def stored_weight(op: Operator, makers: Mapping[tuple[int, int], Operator]) -> Tensor | None:
    """The integer weights that an operator of a quantized file reads, with one scale a channel.

    None where it has none: the operator stayed float. `makers` is what `cast_pairs.producers`
    found.
    """
    if op.weight is None:
        return None
    weight, _ = behind_casts(op, op.weight, makers)
    if weight.dtype not in ("int4", "int8") or not weight.is_constant:
        return None
    if weight.quantization is None or weight.quantization.granularity.startswith("blockwise"):
        return None
    return weight


def apply(
    model: Model,
    op: Operator,
    weights: QuantizedWeights,
    makers: Mapping[tuple[int, int], Operator],
) -> bool:
    """Write weights, scales and bias into a quantized file, in place.

    Returns:
        Whether the file stores this operator's weights in so many bits, with as many scales;
        if not, it stays as it is.
    """
    weight = stored_weight(op, makers)
    if weight is None or enums.BITS[weight.dtype] != weights.bits:
        return False
    assert weight.quantization is not None
    if len(weight.quantization.scale) != len(weights.scales):
        return False  # codes counted in other steps
    graph = model.subgraphs[op.subgraph]
    graph.tensors[weight.index].quantization.scale = scales = weights.scales.astype(np.float32)
    tflite.set_values(model, op.subgraph, weight, weights.integers)
    bias = op.bias
    if bias is None or weights.bias is None:
        return True
    if bias.dtype == "float32":
        tflite.set_values(model, op.subgraph, bias, weights.bias)
        return True
    source = op.operands[op.facts.activation]
    assert source is not None  # an integer bias goes with integer inputs
    [scale] = source.scale
    units, integers = bias_integers(weights.bias, scale, scales, bias.dtype)
    graph.tensors[bias.index].quantization.scale = units
    tflite.set_values(model, op.subgraph, bias, integers)
    return True


def bias_integers(
    bias: np.ndarray, scale: float, scales: np.ndarray, dtype: str
) -> tuple[np.ndarray, np.ndarray]:
    """A bias in steps of input scale times weight scale: the steps, and the integers."""
    units = np.asarray(np.float32(scale) * scales, np.float32)
    limits = np.iinfo(dtype)
    rounded = np.rint(bias.astype(np.float64) / units)
    return units, np.clip(rounded, limits.min, limits.max).astype(dtype)
