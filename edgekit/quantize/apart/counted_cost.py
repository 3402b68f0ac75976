"""What a file costs in time, counted: equal conversions give equal files on any machine.

The unit is one multiplication of integers in a convolution. The factors are those of LiteRT with
XNNPACK on one x86 thread, rounded: they weigh operators of one file against each other, no more.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edgekit import tflite
from edgekit.core.records import Quantization
from edgekit.quantize.rewrite import check_applied
from edgekit.tflite import Model, Operator, Tensor

Form = Literal["integer", "dynamic", "float"]

# Of any operator, however small; of a cast, which the delegate joins to its neighbours. What the
# delegate leaves out costs the way out of it and back.
_CALL, _CAST_CALL, _LEFT_OUT = 20_000.0, 5_000.0, 20_000.0
_PRODUCT: dict[Form, float] = {"integer": 1.0, "dynamic": 1.3, "float": 3.0}
_PLAIN_PRODUCT = 60.0  # of integers where the delegate does not take them
# Of each value that an operator without weights gives, and of each that is cast.
_VALUE, _UNDELEGATED, _CURVED, _CAST = 8.0, 40.0, 25.0, 6.0
_CURVES = frozenset(("LOGISTIC", "TANH", "GELU", "EXP", "LOG"))
_FLOAT_SOFTMAX = 180.0
# The plain kernels of integers that compute each value anew, by what one takes.
_PLAIN_KERNELS = {
    "ABS": 500.0,
    "AVERAGE_POOL_2D": 500.0,
    "DIV": 4000.0,
    "HARD_SWISH": 400.0,
    "LEAKY_RELU": 500.0,
    "RELU": 500.0,
    "RELU6": 500.0,
    "RELU_N1_TO_1": 400.0,
    "RSQRT": 13_000.0,
    "SOFTMAX": 350.0,
    "SQRT": 300.0,
    "SQUARED_DIFFERENCE": 1000.0,
}


def counted_cost(
    model: Model, how: Quantization, exceptions: Mapping[int, Quantization | None]
) -> float:
    """About what a static file takes, by what its operators have.

    Args:
        model: The float file.
        how: What operators have.
        exceptions: What single ones have instead, by index.
    """
    forms = {
        op.index: form(op, exceptions.get(op.index, how)) for op in tflite.main_operators(model)
    }
    total = sum(operator_cost(op, forms[op.index]) for op in tflite.main_operators(model))
    outside: Form = "float" if how.io_dtype == "float32" else "integer"

    def is_integer(index: int | None) -> bool:
        return (outside if index is None else forms[index]) == "integer"

    for flow in flows(model):
        if any(is_integer(reader) != is_integer(flow.maker) for reader in flow.readers):
            total += cast_cost(flow.size)
    return total


@dataclass(frozen=True, slots=True, kw_only=True)
class Flow:
    """A float activation: the operators that make and read it, None for who uses the file."""

    tensor: int
    maker: int | None
    readers: tuple[int | None, ...]
    size: int


def flows(model: Model) -> list[Flow]:
    """All float activations of the main graph; a reader that takes one twice stands twice."""
    makers: dict[int, int] = {}
    readers: dict[int, list[int | None]] = defaultdict(list)
    sizes: dict[int, int] = {}
    for op in tflite.main_operators(model):
        makers |= {tensor.index: op.index for tensor in op.outputs}
        for tensor in op.inputs:
            readers[tensor.index].append(op.index)
        for tensor in (*op.inputs, *op.outputs):
            if tensor.dtype == "float32" and not tensor.is_constant:
                sizes[tensor.index] = _num_values(tensor)
    for index in tflite.binding(model).outputs.values():
        readers[index].append(None)
    return [
        Flow(tensor=index, maker=makers.get(index), readers=tuple(readers[index]), size=size)
        for index, size in sizes.items()
    ]


def cast_cost(size: int) -> float:
    """Of a tensor of so many values that somebody reads in the other form."""
    return _CAST_CALL + _CAST * size


def form(op: Operator, how: Quantization | None) -> Form:
    """What an operator computes in, by what it has."""
    if how is None or not check_applied.treats(op, how):
        return "float"
    if how.scheme == "static":
        return "integer"
    return "dynamic" if how.scheme == "dynamic" else "float"


def operator_cost(op: Operator, computes: Form) -> float:
    """Of one operator, without the casts around it."""
    if op.facts.is_cast:
        return 0.0
    size = sum(_num_values(tensor) for tensor in op.outputs)
    if op.weight is not None and not op.facts.looks_up and len(op.weight.shape) >= 2:
        slow = computes == "integer" and "int8" not in op.facts.delegated
        product = _PLAIN_PRODUCT if slow else _PRODUCT[computes]
        return _CALL + _LEFT_OUT * slow + product * size * _depth(op)
    if op.facts.only_moves:
        joined = computes == "integer" and op.facts.scale_source == "output"
        casts = cast_cost(size) if joined else 0.0  # inputs come with other scales
        return _CALL + _VALUE / 2 * size + casts
    if computes == "integer" and "int8" not in op.facts.delegated:
        return _CALL + _LEFT_OUT + _PLAIN_KERNELS.get(op.name, _UNDELEGATED) * size
    if op.name == "SOFTMAX":
        return _CALL + _FLOAT_SOFTMAX * size
    return _CALL + (_CURVED if op.name in _CURVES else _VALUE) * size


def _depth(op: Operator) -> float:
    """How many products make one value."""
    assert op.weight is not None
    shape = [abs(size) for size in op.weight.shape]
    if op.name == "BATCH_MATMUL":
        return float(abs(op.inputs[0].shape[-1]))
    channels = shape[op.facts.channel_axis]
    return math.prod(shape) / max(1, channels)


def _num_values(tensor: Tensor) -> int:
    return math.prod(abs(size) for size in tensor.shape)
