"""Batch normalization behind an activation, in the weights of its neighbours.

TensorFlow's converter folds a normalization that follows a convolution; where a ReLU is between
them (`Conv2D(activation="relu")`, then `BatchNormalization`) it leaves a MUL and an ADD.
`relu(x) * s` is `relu(x * s)` for no negative s, so the factors go into the weights before; what is
added goes into the next layer's bias, unless that pads with zeros. Factors by output channel cost
int8 weights nothing: each of these channels has a scale of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

import numpy as np

from edgekit.compat import litert
from edgekit.tflite import enums
from edgekit.tflite.constants import constant, encode
from edgekit.tflite.graph import Operator, Tensor
from edgekit.tflite.schema_objects import Model, SubGraph
from edgekit.tflite.signature import binding, main_operators
from edgekit.tflite.sole_consumers import sole_consumers

_LAYERS = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
_NONE, _RELU, _VALID = 0, 1, 1


def fold(model: Model) -> int:
    """Take out such MULs and ADDs of the main graph, in place; layers keep their names.

    Args:
        model: A float model.

    Returns:
        How many went away.
    """
    graph = model.subgraphs[binding(model).subgraph]
    count = 0
    while _fold_one(model, graph):
        count += 1
    return count


def _fold_one(model: Model, graph: SubGraph) -> bool:
    known = main_operators(model)
    alone = sole_consumers(graph, known)
    makers = {tensor.index: op for op in known for tensor in op.outputs}
    for op in known:
        if op.name not in ("MUL", "ADD") or op.outputs[0].index in graph.outputs:
            continue
        layer = makers.get(op.activations[0].index) if len(op.activations) == 1 else None
        numbers = _by_channel(model, op)
        if layer is None or layer.name not in _LAYERS or numbers is None or _fused(op):
            continue
        if op.name == "MUL":
            fits = alone.get(layer.outputs[0].index) == op and _takes_factors(layer, numbers)
            changed = _scaled(model, layer, numbers) if fits and _owns(model, layer) else {}
        else:
            layer = _following(alone, op)
            changed = {} if layer is None else _shifted(model, layer, numbers)
        if changed and layer is not None:
            _store(model, graph, layer, changed)
            _bypass(graph, op)
            return True
    return False


def _by_channel(model: Model, op: Operator) -> np.ndarray | None:
    """The constant operand, one number for each channel of the result."""
    channels = op.outputs[0].shape[-1] if op.outputs[0].shape else 0
    if len(op.constants) != 1 or len(op.activations) != 1 or channels < 1:
        return None
    [numbers], [given] = op.constants, op.activations
    if numbers.dtype != "float32" or given.shape != op.outputs[0].shape:
        return None
    values = constant(model, numbers)
    by_last_axis = values.shape[-1:] == (channels,) and values.size == channels
    if values.size != 1 and not by_last_axis:
        return None
    return np.asarray(np.broadcast_to(values.reshape(-1), (channels,)))


def _fused(op: Operator) -> int:
    return int(getattr(op.options, "fusedActivationFunction", _NONE))


def _takes_factors(layer: Operator, factors: np.ndarray) -> bool:
    """Whether a layer's activation is the same before and behind the factors."""
    return _fused(layer) == _NONE or (_fused(layer) == _RELU and bool((factors >= 0).all()))


def _owns(model: Model, layer: Operator) -> bool:
    """Whether nothing else has a layer's weights, which the file would then hold twice."""
    weight = layer.weight
    assert weight is not None
    buffers = [tensor.buffer for graph in model.subgraphs for tensor in graph.tensors]
    raws = model.subgraphs[layer.subgraph].operators
    reads = sum(list(raw.inputs).count(weight.index) for raw in raws)
    return reads == 1 and buffers.count(weight.buffer) == 1


def _scaled(model: Model, layer: Operator, factors: np.ndarray) -> dict[int, np.ndarray]:
    """A layer's weights and bias times the factors of its channels, by tensor."""
    weight, bias = layer.weight, layer.bias
    if not _is_plain(weight) or (bias is not None and not _is_plain(bias)):
        return {}
    assert weight is not None
    axis = layer.facts.channel_axis % len(weight.shape)
    one_each = [len(factors) if place == axis else 1 for place in range(len(weight.shape))]
    changed = {weight.index: np.asarray(constant(model, weight) * factors.reshape(one_each))}
    if bias is not None:
        changed[bias.index] = constant(model, bias) * factors
    return changed


def _is_plain(tensor: Tensor | None) -> bool:
    return tensor is not None and tensor.is_constant and tensor.dtype == "float32"


def _following(alone: Mapping[int, Operator], op: Operator) -> Operator | None:
    """The layer behind, past what does not mind that its input was shifted."""
    following = alone.get(op.outputs[0].index)
    for between in ("MAX_POOL_2D", "RESHAPE"):  # channels are the last axis until it is reshaped
        if following is not None and following.name == between and not _fused(following):
            following = alone.get(following.outputs[0].index)
    return following


def _shifted(model: Model, layer: Operator, shifts: np.ndarray) -> dict[int, np.ndarray]:
    """The bias of a layer whose input's channels were shifted, by tensor; none that pads."""
    weight, bias = layer.weight, layer.bias
    if layer.name not in _LAYERS or not (_is_plain(weight) and _is_plain(bias)):
        return {}
    assert weight is not None and bias is not None
    dense = layer.name == "FULLY_CONNECTED"
    if not dense and getattr(layer.options, "padding", 0) != _VALID:
        return {}
    if weight.shape[-1] % len(shifts) or not (dense or layer.inputs[0].shape[-1] == len(shifts)):
        return {}
    matrix = constant(model, weight).astype(np.float64)
    if layer.name == "DEPTHWISE_CONV_2D":
        by_output = matrix.sum(axis=(0, 1, 2)) * np.repeat(shifts, matrix.shape[-1] // len(shifts))
    elif not dense and weight.shape[-1] != len(shifts):  # of groups
        return {}
    else:  # a dense layer may read all pixels, the channels of each side by side
        by_output = matrix.reshape(weight.shape[0], -1, len(shifts)).sum(axis=1) @ shifts
    return {bias.index: (constant(model, bias) + by_output).astype(np.float32)}


def _store(
    model: Model, graph: SubGraph, layer: Operator, changed: Mapping[int, np.ndarray]
) -> None:
    """Give a layer other constants; what else reads the old ones keeps them."""
    for index, numbers in changed.items():
        model.buffers.append(litert.schema().BufferT(data=encode(numbers, "float32")))
        own = copy.copy(graph.tensors[index])
        own.buffer = len(model.buffers) - 1
        place = index
        if sum(list(raw.inputs).count(index) for raw in graph.operators) > 1:
            place = len(graph.tensors)
            own.name = f"{enums.text(own.name)}/folded_{place}".encode()
            graph.tensors.append(own)
        else:
            graph.tensors[index] = own
        raw = graph.operators[layer.index]
        raw.inputs = [place if int(given) == index else given for given in raw.inputs]


def _bypass(graph: SubGraph, op: Operator) -> None:
    """Take an operator out; what read its result reads its activation."""
    result, given = op.outputs[0].index, op.activations[0].index
    for raw in graph.operators:
        raw.inputs = [given if int(index) == result else index for index in raw.inputs]
    del graph.operators[op.index]
