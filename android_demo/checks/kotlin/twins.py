"""A model of two inputs and two outputs, out of one of one each."""

from __future__ import annotations

import copy

import flatbuffers
from ai_edge_litert import schema_py_generated as schema


def twins(data: bytes) -> bytes:
    """The model twice in one graph, side by side.

    Names are no identifiers, and neither side's signature has the order of the graph: inputs are
    `$right` (of the second) and `a "left"` (of the first), outputs `class` (of the first) and
    `größe` (of the second).

    Args:
        data: A `.tflite` of one graph with one input and one output.
    """
    model = schema.ModelT.InitFromPackedBuf(data, 0)
    graph, signature = model.subgraphs[0], model.signatureDefs[0]
    count = len(graph.tensors)
    tensors, operators = copy.deepcopy(graph.tensors), copy.deepcopy(graph.operators)
    for tensor in tensors:
        tensor.name += b"/twin"
    for operator in operators:
        # -1 is an input that is left out.
        operator.inputs = [int(i) + count if i >= 0 else int(i) for i in operator.inputs]
        operator.outputs = [int(i) + count for i in operator.outputs]
    graph.tensors += tensors
    graph.operators += operators
    begin, end = int(graph.inputs[0]), int(graph.outputs[0])
    graph.inputs, graph.outputs = [begin, begin + count], [end + count, end]
    signature.inputs = [_named("$right", begin + count), _named('a "left"', begin)]
    signature.outputs = [_named("class", end), _named("größe", end + count)]
    builder = flatbuffers.Builder(len(data))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _named(name: str, index: int) -> schema.TensorMapT:
    tensor = schema.TensorMapT()
    tensor.name, tensor.tensorIndex = name, index
    return tensor
