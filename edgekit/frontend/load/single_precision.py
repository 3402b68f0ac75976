"""The graph of a SavedModel that computes in float64, made float32: TFLite has no other operators.

A Keras file is built anew in float32 (`keras_config.in_float32`); a SavedModel brings its graph.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edgekit.compat.tensorflow import freeze_variables


def computes_in_float64(function: Any) -> bool:
    """Whether a signature takes, gives or holds numbers of float64."""
    import tensorflow as tf

    tensors = (*function.inputs, *function.outputs, *function.variables)
    return any(tensor.dtype == tf.float64 for tensor in tensors)


def in_float32(function: Any) -> Any:
    """A signature with its variables as constants and float32 in place of float64.

    Returns:
        A concrete function of the same named outputs, whose inputs are given in the order of
        their sorted names.
    """
    import tensorflow as tf

    frozen = freeze_variables(function, inline=True)
    graph = frozen.graph.as_graph_def()
    _rename_functions(graph)
    for definition in graph.library.function:
        for argument in (*definition.signature.input_arg, *definition.signature.output_arg):
            if argument.type == tf.float64.as_datatype_enum:
                argument.type = tf.float32.as_datatype_enum
    for node in _nodes(graph):
        for value in node.attr.values():
            _narrow(value)
    inputs = [tensor.name for tensor in frozen.inputs]
    names = sorted(function.structured_outputs)
    outputs = dict(zip(names, [tensor.name for tensor in frozen.outputs], strict=True))
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    find = wrapped.graph.get_tensor_by_name
    return wrapped.prune(
        [find(name) for name in inputs], {key: find(name) for key, name in outputs.items()}
    )


def _rename_functions(graph: Any) -> None:
    """Other names for the bodies of loops: TensorFlow knows these names with other types."""
    names = {
        definition.signature.name: f"{definition.signature.name}_float32"
        for definition in graph.library.function
    }
    for definition in graph.library.function:
        definition.signature.name = names[definition.signature.name]
    for node in _nodes(graph):
        node.op = names.get(node.op, node.op)
        for value in node.attr.values():
            called = [value.func] if value.HasField("func") else value.list.func
            for function in called:
                function.name = names.get(function.name, function.name)


def _nodes(graph: Any) -> Iterator[Any]:
    yield from graph.node
    for definition in graph.library.function:
        yield from definition.node_def


def _narrow(value: Any) -> None:
    """Float32 in an attribute: a type, a list of types, or a constant."""
    import tensorflow as tf

    wide, narrow = tf.float64.as_datatype_enum, tf.float32.as_datatype_enum
    if value.HasField("type") and value.type == wide:
        value.type = narrow
    for place, kind in enumerate(value.list.type):
        if kind == wide:
            value.list.type[place] = narrow
    if value.HasField("tensor") and value.tensor.dtype == wide:
        numbers = tf.make_ndarray(value.tensor).astype("float32")
        value.tensor.CopyFrom(tf.make_tensor_proto(numbers))
