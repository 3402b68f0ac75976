"""Weights that operators compute from constants each time a model runs.

`keras.ops.image.extract_patches` is a convolution by a diagonal matrix that the file makes anew
on each run. A kernel that operators compute is an activation to a quantizer, and gets a grid that
no kernel of LiteRT takes. So it is computed here, once; and where it only rearranges values that
do not overlap, SPACE_TO_DEPTH takes the place of the convolution.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgekit.tflite.constants import values
from edgekit.tflite.graph import Operator, operators
from edgekit.tflite.graph_edits import add_constant, become
from edgekit.tflite.interpreter import Interpreter
from edgekit.tflite.schema_objects import Model, SubGraph
from edgekit.tflite.submodel import single

# Beyond that a file would grow too much.
_MOST_BYTES = 64 * 2**20
_STATEFUL = ("RANDOM", "MULTINOMIAL", "VAR_HANDLE", "READ_VARIABLE", "HASHTABLE")


def fold(model: Model) -> int:
    """Put constants in place of weights that operators of the main graph compute from constants.

    Args:
        model: A float model; changed in place. Operators that nothing reads any more are dropped.

    Returns:
        How many weights were computed.
    """
    number = model.signatureDefs[0].subgraphIndex if model.signatureDefs else 0
    graph = model.subgraphs[number]
    known = [op for op in operators(model) if op.subgraph == number]
    makers = {tensor.index: op for op in known for tensor in op.outputs}
    count = 0
    for op in known:
        weight = op.weight if op.facts.is_integer_product else None
        if weight is None or weight.is_constant or weight.dtype != "float32":
            continue
        value = _value(model, makers, weight.index)
        if value is None or value.nbytes > _MOST_BYTES:
            continue
        raw = graph.operators[op.index]
        if _only_rearranges(model, op, value):
            raw.inputs = [raw.inputs[op.facts.activation]]
            become(model, raw, "SPACE_TO_DEPTH", blockSize=int(value.shape[1]))
        else:
            assert op.facts.weight is not None
            raw.inputs[op.facts.weight] = add_constant(
                model, graph, f"{weight.name}/computed", value
            )
        count += 1
    if count:
        _drop_unread(graph)
    return count


def _value(model: Model, makers: Mapping[int, Operator], index: int) -> np.ndarray | None:
    """What a tensor always is; None of one that depends on an input or a state."""
    maker = makers.get(index)
    if maker is None or maker.is_custom or maker.facts.called_subgraphs or not maker.inputs:
        return None
    if maker.name.startswith(_STATEFUL):
        return None
    computed = {}
    for tensor in maker.inputs:
        if tensor.is_constant:
            continue
        value = _value(model, makers, tensor.index)
        if value is None:
            return None
        computed[tensor.index] = value
    try:
        runner = Interpreter(single(model, maker, computed), num_threads=1)
        runner.allocate()
        outputs = runner.outputs()
    except (RuntimeError, ValueError):  # as the whole file will show when it runs
        return None
    place = next(i for i, tensor in enumerate(maker.outputs) if tensor.index == index)
    return outputs[place]


def _only_rearranges(model: Model, op: Operator, kernel: np.ndarray) -> bool:
    """Whether a convolution cuts its input into squares and gives the values of each."""
    if op.name != "CONV_2D" or op.options is None or kernel.ndim != 4:
        return False
    if op.options.fusedActivationFunction:
        return False
    outputs, height, width, channels = kernel.shape
    same_stride = (op.options.strideH, op.options.strideW) == (height, width)
    dilated = (op.options.dilationHFactor, op.options.dilationWFactor) != (1, 1)
    if height != width or height < 2 or not same_stride or dilated:
        return False
    sizes = op.inputs[0].shape
    if len(sizes) != 4 or any(size % height for size in sizes[1:3]) or sizes[3] != channels:
        return False
    bias = None if op.bias is None else values(model, op.bias)
    if op.bias is not None and (bias is None or bias.any()):
        return False
    flat = kernel.reshape(outputs, -1)
    return flat.shape[0] == flat.shape[1] and bool(
        (flat == np.eye(outputs, dtype=flat.dtype)).all()
    )


def _drop_unread(graph: SubGraph) -> None:
    """Without operators whose results nobody reads."""
    while True:
        read = {int(i) for raw in graph.operators for i in raw.inputs} | {
            int(i) for i in graph.outputs
        }
        kept = [raw for raw in graph.operators if not raw.outputs or read.intersection(raw.outputs)]
        if len(kept) == len(graph.operators):
            return
        graph.operators = kept
