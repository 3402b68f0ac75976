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
from edgekit.quantize.weights.matrices import is_matrices
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
    operators = tflite.main_operators(model)
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
        return is_matrices(op) and all(
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
        depthwise = any(op.facts.channel_axis == -1 for op in (first, second))
        if depthwise and _same_channels(first, second):
            found.append((first, second))
    return found


def _same_channels(first: Operator, second: Operator) -> bool:
    weights, (output,) = second.weight, first.outputs
    assert weights is not None  # `pairs` has looked
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
        _set_weights(result, second, weights * scales)
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
    shape = [1] * weights.ndim
    shape[op.facts.channel_axis] = -1
    _set_weights(model, op, weights * factors.reshape(shape))
    bias = op.bias
    if bias is not None:
        tflite.set_values(model, op.subgraph, bias, tflite.constant(model, bias) * factors)


def _weights(model: Model, op: Operator) -> np.ndarray:
    assert op.weight is not None  # `pairs` has looked
    return tflite.constant(model, op.weight)


def _set_weights(model: Model, op: Operator, values: np.ndarray) -> None:
    assert op.weight is not None  # `pairs` has looked
    tflite.set_values(model, op.subgraph, op.weight, values)
