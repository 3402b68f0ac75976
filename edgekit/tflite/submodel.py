"""One operator of a model as a model of its own, to be run by itself."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from edgekit.compat import litert
from edgekit.tflite.constants import encode
from edgekit.tflite.graph import Operator
from edgekit.tflite.schema_objects import Model, RawTensor
from edgekit.tflite.write import to_bytes


def single(
    model: Model, op: Operator, constants: Mapping[int, np.ndarray] = MappingProxyType({})
) -> bytes:
    """A `.tflite` that holds `op` alone.

    Its inputs are the operator's activations, each once, in the order of the operands; its
    outputs are the operator's outputs. Weights are copied along, the bodies of loops, and states
    that the operator keeps.

    Args:
        model: What `read` returned; it stays as it is.
        op: One of its operators.
        constants: Values of activations, by tensor index, that are written into it and are no
            inputs then: of weights that a cast gives, which run faster so. Not of loops.
    """
    schema = litert.schema()

    graph = model.subgraphs[op.subgraph]
    raw = graph.operators[op.index]
    used = [i for i in (*raw.inputs, *raw.outputs) if i >= 0]
    kept = list(dict.fromkeys([*used, *(i for n in used for i in _scales(graph.tensors[n]))]))
    place = {old: new for new, old in enumerate(kept)}
    whole = bool(op.facts.called_subgraphs)  # its options number subgraphs of the whole model
    buffers = model.buffers if whole else [schema.BufferT()]
    tensors = []
    for index in kept:
        tensor = copy.copy(graph.tensors[index])
        if _scales(tensor):
            quantization = copy.copy(tensor.quantization)
            quantization.details = copy.copy(quantization.details)
            quantization.details.scales = place[quantization.details.scales]
            tensor.quantization = quantization
        if not whole:
            data = model.buffers[tensor.buffer].data
            if index in constants:
                data = encode(constants[index], str(constants[index].dtype))
                buffers.append(schema.BufferT(data=data))
                tensor.buffer = len(buffers) - 1
            elif data is not None and data.size:
                buffers.append(model.buffers[tensor.buffer])
                tensor.buffer = len(buffers) - 1
            else:
                tensor.buffer = 0
        tensors.append(tensor)
    operator = copy.copy(raw)
    operator.inputs = [place[i] if i >= 0 else -1 for i in raw.inputs]
    operator.outputs = [place[i] for i in raw.outputs]
    operator.opcodeIndex = raw.opcodeIndex if whole else 0
    activations = [t.index for t in op.activations if t.index not in constants]
    main = schema.SubGraphT()
    main.tensors, main.operators = tensors, [operator]
    main.inputs = [place[i] for i in activations]
    main.outputs = list(operator.outputs)
    cut = schema.ModelT()
    cut.version = model.version
    cut.operatorCodes = model.operatorCodes if whole else [model.operatorCodes[raw.opcodeIndex]]
    others = [g for i, g in enumerate(model.subgraphs) if i != op.subgraph] if whole else []
    cut.subgraphs = [main, *others]
    cut.buffers = buffers
    return to_bytes(cut, sharing=False)


def _scales(tensor: RawTensor) -> list[int]:
    """The tensor that holds the scales of blockwise weights, by its index."""
    details = getattr(tensor.quantization, "details", None)
    if details is None or not getattr(details, "blockSize", 0):
        return []
    return [int(details.scales)]
