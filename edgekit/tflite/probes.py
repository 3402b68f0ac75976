"""A model into which errors can be put at any operator's output, to see what they do."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.compat import litert
from edgekit.tflite.enums import operator_numbers
from edgekit.tflite.graph import Tensor
from edgekit.tflite.schema_objects import Model
from edgekit.tflite.write import to_bytes


def with_probes(model: Model, subgraph: int, computed: Sequence[Tensor]) -> bytes:
    """The model with one more input for each of some activations: what is added to it.

    With zeros in all of these inputs the model computes what it did.

    Args:
        model: What `read` returned; it is changed.
        subgraph: Which graph of it.
        computed: float32 outputs of operators of that graph.

    Returns:
        A `.tflite` whose inputs are those of the graph, then the probes in the order of
        `computed`. It has no signature.
    """
    schema = litert.schema()

    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = operator_numbers()["ADD"]
    code.version = 1
    model.operatorCodes = [*model.operatorCodes, code]
    graph = model.subgraphs[subgraph]
    count = len(graph.tensors)
    probes = {tensor.index: count + 2 * i for i, tensor in enumerate(computed)}
    for tensor in computed:
        for what in ("probe", "probed"):
            added = schema.TensorT()
            added.name = f"{tensor.name}/{what}".encode()
            added.shape = list(graph.tensors[tensor.index].shape)
            added.type = graph.tensors[tensor.index].type
            added.buffer = 0  # by the format, the empty one
            graph.tensors.append(added)
    operators = []
    moved: dict[int, int] = {}
    for op in graph.operators:
        op.inputs = [moved.get(i, i) for i in op.inputs]
        operators.append(op)
        for index in op.outputs:
            if index in probes:
                add = schema.OperatorT()
                add.opcodeIndex = len(model.operatorCodes) - 1
                add.builtinOptionsType = schema.BuiltinOptions.AddOptions
                add.builtinOptions = schema.AddOptionsT()
                add.inputs, add.outputs = [index, probes[index]], [probes[index] + 1]
                moved[index] = probes[index] + 1
                operators.append(add)
    graph.operators = operators
    graph.inputs = [*graph.inputs, *probes.values()]
    graph.outputs = [moved.get(i, i) for i in graph.outputs]
    model.signatureDefs = []
    model.metadata = []
    return to_bytes(model)
