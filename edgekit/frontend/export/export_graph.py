"""The graph of a SavedModel: already traced, for any batch and for every device.

A Keras model is traced again, with a batch of 1. A SavedModel brings its graph along:
- its loops keep lists of tensors whose first size, the batch, is unknown for good, and
  the converter turns only lists of known sizes into plain tensors;
- Keras 2 marked its LSTM as a composite, which becomes UNIDIRECTIONAL_SEQUENCE_LSTM. Its
  state outlives a call: the second sample through such a file starts where the first
  ended, and no app resets it.

Both end when the graph is written out flat and the batch is put in.
"""

from __future__ import annotations

from typing import Any

from edgekit.compat import tf_keras
from edgekit.compat.tensorflow import freeze_variables
from edgekit.frontend.load.loaded import LoadedModel
from edgekit.frontend.rewrites import rewrite_graph

# Operator -> which of its operands is the shape of the list's elements.
_LISTS = {"TensorListReserve": 0, "TensorListStack": 1}


def use_plain_recurrence(loaded: LoadedModel) -> None:
    """Keep Keras 2 from tracing each LSTM and GRU three times over, once for each device.

    The marked composite would come out of that (see above); the plain loop becomes a
    WHILE, which begins at zero. It also takes half the time.
    """
    if loaded.kind != "keras2":
        return
    tf_keras.use_plain_recurrence(loaded.trackable)


def inline(function: Any) -> Any:
    """A concrete function without composites and with lists of a batch of 1.

    Args:
        function: Traced with a batch of 1. One without loops, and without operators that are
            rewritten for the shapes at their place, is returned as it is.
    """
    library = function.graph.as_graph_def().library.function
    marked = any("api_implements" in definition.attr for definition in library)
    lists = any(node.op in _LISTS for definition in library for node in definition.node_def)
    if not (marked or lists or rewrite_graph.has_rules(function)):
        return function
    # Freezing forgets the outputs' names, and keeps the order that TensorFlow gives a dict.
    inlined = freeze_variables(function, inline=True)
    return _with_batch(inlined, sorted(function.structured_outputs))


def _with_batch(function: Any, names: list[str]) -> Any:
    """The frozen function with named outputs, and a batch of 1 in each list's elements."""
    import tensorflow as tf

    graph = function.graph.as_graph_def()
    nodes = {node.name: node for node in graph.node}
    for node in graph.node:
        if node.op in _LISTS:
            shape = _source(nodes, node.input[_LISTS[node.op]])
            if shape.op == "Const":
                sizes = tf.make_ndarray(shape.attr["value"].tensor).copy()
                if sizes.ndim and sizes.size and sizes[0] == -1:
                    sizes[0] = 1
                    shape.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(sizes))
        # Shapes that were written down with the batch unknown: inferred again.
        node.attr.pop("_output_shapes", None)
    inputs = [tensor.name for tensor in function.inputs]
    outputs = dict(zip(names, [tensor.name for tensor in function.outputs], strict=True))
    wrapped = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
    find = wrapped.graph.get_tensor_by_name
    return wrapped.prune(
        [find(name) for name in inputs], {key: find(name) for key, name in outputs.items()}
    )


def _source(nodes: dict[str, Any], name: str) -> Any:
    node = nodes[name.split(":")[0]]
    while node.op == "Identity":
        node = nodes[node.input[0].split(":")[0]]
    return node
