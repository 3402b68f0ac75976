"""Channels of like size: what one channel of an activation gains, the next weights give back.

One scale serves all channels of an activation, so a small channel beside a large one has few
steps left. Between two operators with weights, with nothing or a ReLU between them, each channel
can be divided by a factor that the weights behind it take up: the float file computes the
same. A ReLU6 does not commute with factors, so pairs with one are left alone.

The factors are those of Xiao et al., "SmoothQuant" (2022): `max|x|^a / max|w|^(1-a)` with a = 0.75,
rounded to quarter powers of two, which small integers tell. (Whole powers would change no digit of
any float, but cost 2 dB of what is gained on a DS-CNN.)
Only pairs with a depthwise convolution are treated: its weights have a scale for each channel
and lose nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence

import numpy as np

from edgekit import tflite
from edgekit.quantize.weights.matrices import OPERATORS
from edgekit.tflite import Model, Operator, Tensor
from edgekit.tflite.step_interpreter import Steps

_STRENGTH = 0.75
_COMMUTING = (0, 1)  # schema: ActivationFunctionType.NONE, RELU
# A channel that hardly ever differs from zero says nothing of its size.
_SMALLEST = 1e-6

# By tensor name, one for each channel, in quarters: `factors` makes numbers of them.
Exponents = dict[str, tuple[int, ...]]
_STEP = 0.25


def factors(exponents: np.ndarray | Sequence[int]) -> np.ndarray:
    """`2 ** (e / 4)`, float32."""
    scaled = np.asarray(exponents, np.float32) * np.float32(_STEP)
    return np.asarray(np.exp2(scaled), dtype=np.float32)


def exponents_of(values: np.ndarray) -> np.ndarray:
    """The exponents, not rounded, whose `factors` these positive values are."""
    return np.asarray(np.log2(values) / _STEP)


def pairs(model: Model) -> list[tuple[Operator, Operator]]:
    """Operators with weights between which channels can be scaled, in order of execution."""
    names = tflite.binding(model)
    operators = [op for op in tflite.operators(model) if op.subgraph == names.subgraph]
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

    def behind(op: Operator) -> Operator | None:
        """The sole consumer of what an operator gives."""
        [output] = op.outputs
        those = readers.get(output.index, [])
        return those[0] if len(those) == 1 and output.index not in returned else None

    found = []
    for first in operators:
        if not editable(first) or first.options.fusedActivationFunction not in _COMMUTING:
            continue
        second = behind(first)
        if second is not None and second.name == "PAD":  # with zeros, which stay zeros
            second = behind(second)
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
) -> tuple[Model, Exponents]:
    """A copy of the float model that computes the same with channels of like size.

    Args:
        model: The float file.
        inputs: Calibration samples by input name, `(n, ...)`.
        found: What `pairs` found.

    Returns:
        The copy, and for each activation that differs, by tensor name, the exponents `e` of its
        channels: it holds the float file's values divided by `factors(e)`.
    """
    largest = _largest(model, inputs, {first.index for first, _ in found})
    result = copy.deepcopy(model)
    exponents: Exponents = {}
    for first, second in found:
        weights = _weights(result, second)
        axes = tuple(range(weights.ndim - 1))
        of_weights = np.maximum(np.abs(weights).max(axis=axes), _SMALLEST)
        size = largest[first.index]
        wanted = size**_STRENGTH / of_weights ** (1 - _STRENGTH)
        alive = size > _SMALLEST
        if not alive.any():
            continue
        powers = np.rint(exponents_of(np.where(alive, wanted, 1.0)))
        # The whole stays as large as it was: only its channels come closer.
        powers = np.where(alive, powers - np.rint(powers[alive].mean()), 0).astype(int)
        for tensor in _between(first, second):
            exponents[tensor.name] = tuple(powers.tolist())
        scales = factors(powers)
        _scale_outputs(result, first, 1 / scales)
        _set(result, second, 1, weights * scales)
    return result, exponents


def _between(first: Operator, second: Operator) -> list[Tensor]:
    """The activations from one operator to the other: with a PAD between them two."""
    [output] = first.outputs
    fed = second.operands[0]
    assert fed is not None
    return [output] if fed.index == output.index else [output, fed]


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
        values = tflite.values(model, bias)
        assert values is not None
        _set(model, op, 2, values * factors)


def _weights(model: Model, op: Operator) -> np.ndarray:
    tensor = op.operands[1]
    assert tensor is not None
    values = tflite.values(model, tensor)
    assert values is not None
    return values


def _set(model: Model, op: Operator, operand: int, values: np.ndarray) -> None:
    tensor = op.operands[operand]
    assert tensor is not None
    data = np.ascontiguousarray(values, dtype="<f4").reshape(-1).view(np.uint8)
    model.buffers[tensor.buffer].data = data
