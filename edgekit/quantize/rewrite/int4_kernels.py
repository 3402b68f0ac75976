"""Which operators of an int4 file have int4 weights: those that a fast kernel takes.

XNNPACK takes int4 weights of FULLY_CONNECTED beside activations in int8, or with ranges taken while
running; int4 CONV_2D leaves the delegate and takes several times int8's time. TFLite Micro runs
int4 CONV_2D and refuses int4 FULLY_CONNECTED beside int8 activations.
"""

from __future__ import annotations

from edgekit import tflite
from edgekit.core.records import Device, Quantization, Recipe
from edgekit.tflite import Model, Operator

_INT8_STATIC, _INT8_WEIGHTS = "static_wi8_ai8", "weight_only_wi8_afp32"
_NO_CONVOLUTION = "int4 would take it out of the accelerated kernels (XNNPACK)"
_NO_DENSE = "TFLite Micro has no int4 kernel of it"
_NO_DYNAMIC = "only its weights are int8: with ranges taken while running it would be slower"


def has_int4(op: Operator, how: Quantization, device: Device) -> bool:
    """Whether an operator of the float file gets int4 weights from a recipe of int4."""
    if op.weight is None or not op.weight.is_constant:
        return False
    if how.scheme == "weight_only":
        return op.facts.weight_only_bits <= how.weight_bits
    if how.scheme == "dynamic":
        return 0 < op.facts.dynamic_bits <= how.weight_bits
    if device == "mcu":
        return op.name == "CONV_2D"
    return op.name == "FULLY_CONNECTED" or (device == "npu" and op.name == "CONV_2D")


def wider(model: Model, recipe: Recipe, device: Device) -> dict[int, tuple[str, str]]:
    """What operators have in place of int4, by index: the name of a recipe, and why.

    Args:
        model: The float file, with convolutions of one pixel as dense layers for a CPU.
        recipe: Static or dynamic with int4 weights; others have none.
        device: What the file is for.
    """
    how = recipe.quantize
    if how is None or how.weight_bits != 4 or how.granularity == "blockwise_32":
        return {}
    if how.scheme == "dynamic":
        found = [op for op in tflite.main_operators(model) if op.name == "DEPTHWISE_CONV_2D"]
        return {op.index: (_INT8_WEIGHTS, _NO_DYNAMIC) for op in found}
    if how.scheme != "static":
        return {}
    reasons = {"CONV_2D": _NO_CONVOLUTION, "FULLY_CONNECTED": _NO_DENSE}
    return {
        op.index: (_INT8_STATIC, reasons[op.name])
        for op in tflite.main_operators(model)
        if op.name in reasons and not has_int4(op, how, device)
    }


def takes_dense(how: Quantization, device: Device) -> bool:
    """Whether convolutions of one pixel become dense layers first, for the sake of int4."""
    narrow = how.weight_bits == 4 and how.granularity != "blockwise_32"
    return narrow and device == "cpu" and how.scheme in ("static", "dynamic")
