"""Changes to a graph: other operators, new tensors."""

from __future__ import annotations

import numpy as np

from edgekit.compat import litert
from edgekit.tflite import enums
from edgekit.tflite.constants import encode
from edgekit.tflite.schema_objects import Model, RawOperator, SubGraph

_OPTIONS = {
    "FULLY_CONNECTED": "FullyConnectedOptions",
    "MAXIMUM": "MaximumMinimumOptions",
    "MEAN": "ReducerOptions",
    "MUL": "MulOptions",
    "SPACE_TO_DEPTH": "SpaceToDepthOptions",
    "SUB": "SubOptions",
}


def become(model: Model, raw: RawOperator, name: str, **options: int) -> None:
    """Make one operator another, in place; its tensors stay.

    Args:
        model: The operator's.
        raw: The operator.
        name: As in the schema: one of `_OPTIONS`, or one without options.
        options: Fields of its options that are not the default.
    """
    raw.opcodeIndex = operator_code(model, name)
    raw.builtinOptions, raw.builtinOptionsType = None, 0
    if name in _OPTIONS:
        schema = litert.schema()
        raw.builtinOptions = getattr(schema, f"{_OPTIONS[name]}T")()
        raw.builtinOptionsType = getattr(schema.BuiltinOptions, _OPTIONS[name])
    for field, value in options.items():
        setattr(raw.builtinOptions, field, value)


def operator(model: Model, name: str, inputs: list[int], outputs: list[int]) -> RawOperator:
    """A new operator, which the caller puts into a graph."""
    raw: RawOperator = litert.schema().OperatorT()
    raw.inputs, raw.outputs = inputs, outputs
    become(model, raw, name)
    return raw


def operator_code(model: Model, name: str) -> int:
    """The number of an operator's code in a model, which is added where there is none.

    Args:
        model: Changed in place.
        name: As in the schema.
    """
    number = enums.operator_numbers()[name]
    for index, code in enumerate(model.operatorCodes):
        if code.builtinCode == number:
            return index
    added = litert.schema().OperatorCodeT()
    added.builtinCode, added.deprecatedBuiltinCode, added.version = number, min(number, 127), 1
    model.operatorCodes.append(added)
    return len(model.operatorCodes) - 1


def add_tensor(graph: SubGraph, *, like: int, name: str) -> int:
    """A new activation of the type and shape of another; its index."""
    known = graph.tensors[like]
    tensor = litert.schema().TensorT()
    tensor.shape, tensor.shapeSignature = known.shape, known.shapeSignature
    tensor.type, tensor.name, tensor.buffer = known.type, name.encode(), 0
    tensor.hasRank = True
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def add_constant(model: Model, graph: SubGraph, name: str, value: np.ndarray) -> int:
    """A new constant; its index.

    Args:
        model: Of the graph.
        graph: Where it is read.
        name: Of the tensor, which no other has.
        value: float32 or int32.
    """
    schema = litert.schema()
    tensor = schema.TensorT()
    tensor.shape, tensor.name, tensor.buffer = list(value.shape), name.encode(), len(model.buffers)
    dtype = "int32" if value.dtype == np.int32 else "float32"
    tensor.type, tensor.hasRank = getattr(schema.TensorType, dtype.upper()), True
    model.buffers.append(schema.BufferT(data=encode(value, dtype)))
    graph.tensors.append(tensor)
    return len(graph.tensors) - 1


def drop_unused_tensors(model: Model, subgraph: int) -> None:
    """Take out the tensors of a graph that nothing reads or gives any more, in place."""
    raw = model.subgraphs[subgraph]
    used = {int(index) for op in raw.operators for index in (*op.inputs, *op.outputs)}
    kept = sorted({*used, *map(int, raw.inputs), *map(int, raw.outputs)} - {-1})
    place = {old: new for new, old in enumerate(kept)} | {-1: -1}
    raw.tensors = [raw.tensors[index] for index in kept]
    raw.inputs = [place[int(index)] for index in raw.inputs]
    raw.outputs = [place[int(index)] for index in raw.outputs]
    for op in raw.operators:
        op.inputs = [place[int(index)] for index in op.inputs]
        op.outputs = [place[int(index)] for index in op.outputs]
    for signed in model.signatureDefs or ():
        if signed.subgraphIndex == subgraph:
            for entry in (*(signed.inputs or ()), *(signed.outputs or ())):
                entry.tensorIndex = place[int(entry.tensorIndex)]
