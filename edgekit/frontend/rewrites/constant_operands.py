"""Operands of traced operators that are constant, though written as arithmetic on shapes."""

from __future__ import annotations

from typing import Any

import numpy as np

# What sizes and factors are computed with, in the code of layers.
_FOLDED = frozenset(
    """
    Add AddV2 Cast ConcatV2 Const ExpandDims Fill FloorDiv FloorMod Identity Maximum Minimum Mul
    Neg Pack Prod Range RealDiv Reciprocal Reshape Round Size Slice Split Square Squeeze
    StridedSlice Sub Tile Transpose Unpack ZerosLike OnesLike
    """.split()
)
_MOST_OPERATORS = 64


def constant_value(tensor: Any) -> np.ndarray | None:
    """The value of a tensor that depends on constants and known shapes alone; otherwise None.

    Args:
        tensor: Of a graph; what computes it is run here, if it is little and plain arithmetic.
    """
    import tensorflow as tf

    value = tf.get_static_value(tensor)
    if value is None:
        value = _clamped(tensor)
    if value is None:
        value = _folded(tensor)
    return None if value is None else np.asarray(value)


def _clamped(tensor: Any) -> np.ndarray | None:
    """What `minimum(n, maximum(n, anything))` is: the size that `bincount` of n bins asks for."""
    import tensorflow as tf

    tensor = _without_identities(tensor)
    if tensor.op.type != "Minimum":
        return None
    limits = [tf.get_static_value(operand) for operand in tensor.op.inputs]
    for limit, other in zip(limits, reversed(tensor.op.inputs), strict=True):
        inner = _without_identities(other).op
        if limit is not None and inner.type == "Maximum":
            least = [tf.get_static_value(operand) for operand in inner.inputs]
            if any(value is not None and np.array_equal(value, limit) for value in least):
                return np.asarray(limit)
    return None


def _without_identities(tensor: Any) -> Any:
    while tensor.op.type == "Identity":
        tensor = tensor.op.inputs[0]
    return tensor


def _folded(tensor: Any) -> np.ndarray | None:
    import tensorflow as tf

    order = _ancestors(tensor.op)
    if order is None:
        return None
    definition = tf.compat.v1.GraphDef()
    for operation in order:
        node = definition.node.add()
        node.CopyFrom(operation.node_def)
        if operation.type == "Shape":
            sizes = np.asarray(
                operation.inputs[0].shape.as_list(), operation.outputs[0].dtype.as_numpy_dtype
            )
            del node.input[:]
            node.op = "Const"
            node.attr.clear()
            node.attr["dtype"].type = operation.outputs[0].dtype.as_datatype_enum
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(sizes))
        node.input[:] = [name for name in node.input if not name.startswith("^")]
        node.attr.pop("_output_shapes", None)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(definition, name="")
        with tf.compat.v1.Session(graph=graph) as session:
            return np.asarray(session.run(tensor.name))


def _ancestors(operation: Any) -> list[Any] | None:
    """All that an operator is computed from; None where that is not plain and little."""
    seen: dict[str, Any] = {}
    pending = [operation]
    while pending:
        operation = pending.pop()
        if operation.name in seen:
            continue
        seen[operation.name] = operation
        if operation.type == "Shape":
            if not operation.inputs[0].shape.is_fully_defined():
                return None
        elif operation.type not in _FOLDED or len(seen) > _MOST_OPERATORS:
            return None
        else:
            pending += [tensor.op for tensor in operation.inputs]
    return list(seen.values())
