"""Convolutions of one pixel, as dense layers over the last axis.

The same products in the same order, so the same floats in about the same time. XNNPACK takes int4
weights in FULLY_CONNECTED only: an int4 CONV_2D leaves the delegate.
"""

from __future__ import annotations

import copy

from edgekit.tflite.graph import Operator, operators
from edgekit.tflite.graph_edits import become
from edgekit.tflite.schema_objects import Model

NAME = "CONV_2D of one pixel as FULLY_CONNECTED"


def count(before: Model, after: Model) -> dict[str, int]:
    """How many operators `rewritten` made others, by `NAME`; empty for none."""
    changed = sum(
        (old.name, new.name) == ("CONV_2D", "FULLY_CONNECTED")
        for old, new in zip(operators(before), operators(after), strict=True)
    )
    return {NAME: changed} if changed else {}


def rewritten(model: Model) -> Model:
    """A copy with FULLY_CONNECTED in place of each such convolution; operators keep their places.

    Args:
        model: A float model.

    Returns:
        The copy, which shares buffers with `model`; `model` itself where there is none.
    """
    found = [op for op in operators(model) if _is_pointwise(op)]
    if not found:
        return model
    result: Model = copy.copy(model)
    result.subgraphs = copy.deepcopy(model.subgraphs)
    result.operatorCodes = copy.deepcopy(model.operatorCodes)
    for op in found:
        graph = result.subgraphs[op.subgraph]
        raw, weight = graph.operators[op.index], op.weight
        assert weight is not None and op.options is not None
        place = weight.index
        if sum(list(other.inputs).count(place) for other in graph.operators) > 1:
            place = len(graph.tensors)  # of its own: others read the same weights as a kernel
            graph.tensors.append(copy.copy(graph.tensors[weight.index]))
            graph.tensors[place].name = f"{weight.name}/matrix_{op.index}".encode()
        matrix = graph.tensors[place]
        matrix.shape, matrix.shapeSignature = [weight.shape[0], weight.shape[-1]], None
        raw.inputs = [raw.inputs[0], place, *raw.inputs[2:]]
        fused = op.options.fusedActivationFunction
        become(result, raw, "FULLY_CONNECTED", fusedActivationFunction=fused, keepNumDims=True)
    return result


def _is_pointwise(op: Operator) -> bool:
    """Whether a float convolution looks at one pixel at a time, and at each."""
    if op.name != "CONV_2D" or op.options is None or op.weight is None:
        return False
    weight = op.weight
    if not weight.is_constant or weight.dtype != "float32" or len(weight.shape) != 4:
        return False
    # A grouped convolution has fewer inputs in its kernel than there are.
    whole = op.inputs[0].shape[-1] == weight.shape[-1]
    strides = (op.options.strideH, op.options.strideW)
    return whole and weight.shape[1:3] == (1, 1) and strides == (1, 1)
