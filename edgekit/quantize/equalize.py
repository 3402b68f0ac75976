"""Channels of like size: what one channel of an activation gains, the next weights give back.

One scale serves all channels of an activation, so a small channel beside a large one has few
steps left. Between two operators with weights, with nothing or a ReLU between them, each channel
can be divided by a factor that the weights behind it take up: the float file computes the
same. A ReLU6 does not commute with factors, so pairs with one are left alone.

The factors are those of Xiao et al., "SmoothQuant" (2022): `max|x|^a / max|w|^(1-a)` with a = 0.75.
Only pairs with a depthwise convolution are treated: its weights have a scale for each channel
and lose nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np

from edgekit import flatbuffer
from edgekit.flatbuffer import Model, Operator
from edgekit.quantize.linear import OPERATORS
from edgekit.quantize.steps import Steps

_STRENGTH = 0.75
_COMMUTING = (0, 1)  # schema: ActivationFunctionType.NONE, RELU
# A channel that hardly ever differs from zero says nothing of its size.
_SMALLEST = 1e-6


def pairs(model: Model) -> list[tuple[Operator, Operator]]:
    """Operators with weights between which channels can be scaled, in order of execution."""
    names = flatbuffer.binding(model)
    operators = [op for op in flatbuffer.operators(model) if op.subgraph == names.subgraph]
    readers: dict[int, list[Operator]] = {}
    constants: dict[int, int] = {}
    for op in operators:
        for tensor in op.inputs:
            readers.setdefault(tensor.index, []).append(op)
            if tensor.is_constant:
                constants[tensor.buffer] = constants.get(tensor.buffer, 0) + 1
    returned = set(names.outputs.values())

    def editable(op: Operator) -> bool:
        weights = [tensor for tensor in op.operands[1:3] if tensor is not None]
        return op.name in OPERATORS and all(
            t.is_constant and t.dtype == "float32" and constants[t.buffer] == 1 for t in weights
        )

    found = []
    for first in operators:
        if not editable(first) or first.options.fusedActivationFunction not in _COMMUTING:
            continue
        second: Operator | None = first
        while second is not None and (second is first or second.name == "PAD"):
            [output] = second.outputs
            behind = readers.get(output.index, [])
            second = behind[0] if len(behind) == 1 and output.index not in returned else None
        if second is None or not editable(second):
            continue
        if "DEPTHWISE_CONV_2D" in (first.name, second.name) and _same_channels(first, second):
            found.append((first, second))
    return found


def _same_channels(first: Operator, second: Operator) -> bool:
    weights, (output,) = second.operands[1], first.outputs
    assert weights is not None
    # A depthwise one with a multiplier, or a grouped one, mixes the order of channels.
    return weights.shape[-1] == output.shape[-1]


def equalized(
    model: Model, inputs: Mapping[str, np.ndarray], found: list[tuple[Operator, Operator]]
) -> Model:
    """A copy of the float model that computes the same with channels of like size.

    Args:
        model: The float file.
        inputs: Calibration samples by input name, `(n, ...)`.
        found: What `pairs` found.
    """
    largest = _largest(model, inputs, {first.index for first, _ in found})
    result = copy.deepcopy(model)
    for first, second in found:
        weights = _weights(result, second)
        axes = tuple(range(weights.ndim - 1))
        of_weights = np.maximum(np.abs(weights).max(axis=axes), _SMALLEST)
        size = largest[first.index]
        factors = size**_STRENGTH / of_weights ** (1 - _STRENGTH)
        alive = size > _SMALLEST
        if not alive.any():
            continue
        factors = np.where(alive, factors, 1.0)
        # The whole stays as large as it was: only its channels come closer.
        factors /= np.exp(np.log(factors[alive]).mean())
        factors = np.where(alive, factors, 1.0).astype(np.float32)
        _scale_outputs(result, first, 1 / factors)
        _set(result, second, 1, weights * factors)
    return result


def _largest(
    model: Model, inputs: Mapping[str, np.ndarray], wanted: set[int]
) -> dict[int, np.ndarray]:
    """The largest magnitude of each channel of some operators' outputs."""
    steps = Steps(model, inputs)
    found: dict[int, np.ndarray] = {}
    for op in steps.operators:
        if len(found) == len(wanted):
            break
        steps.run(op)
        if op.index in wanted:
            values = steps.stored(op.outputs[0])
            found[op.index] = np.abs(values).reshape(-1, values.shape[-1]).max(axis=0)
    return found


def _scale_outputs(model: Model, op: Operator, factors: np.ndarray) -> None:
    weights = _weights(model, op)
    channel_last = op.name == "DEPTHWISE_CONV_2D"
    shape = (-1,) if channel_last else (-1, *(1 for _ in weights.shape[1:]))
    _set(model, op, 1, weights * factors.reshape(shape))
    bias = op.operands[2] if len(op.operands) > 2 else None
    if bias is not None:
        values = flatbuffer.values(model, bias)
        assert values is not None
        _set(model, op, 2, values * factors)


def _weights(model: Model, op: Operator) -> np.ndarray:
    tensor = op.operands[1]
    assert tensor is not None
    values = flatbuffer.values(model, tensor)
    assert values is not None
    return values


def _set(model: Model, op: Operator, operand: int, values: np.ndarray) -> None:
    tensor = op.operands[operand]
    assert tensor is not None
    data = np.ascontiguousarray(values, dtype="<f4").reshape(-1).view(np.uint8)
    model.buffers[tensor.buffer].data = data
