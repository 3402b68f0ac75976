"""Which inputs hold ids, and how large they may be: read from the graph itself.

An id past the end of an Embedding's table is an error in one runtime and garbage in
another, so random samples must stay below it. The traced graph tells for every kind of
model alike, nested or subclassed: a gather from a table (or a one-hot encoding), whose indices
come from an input through operators that do not change values.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from edgekit.compat import fallbacks
from edgekit.compat.tensorflow import freeze_variables
from edgekit.core.records import TensorSpec

_GATHERS = ("GatherV2", "Gather", "ResourceGather")
# Operators whose first operand goes through unchanged (or reordered, or in part).
_THROUGH = {
    "Cast",
    "Identity",
    "Reshape",
    "ExpandDims",
    "Squeeze",
    "Transpose",
    "StridedSlice",
    "Slice",
    "Tile",
    "Maximum",
    "Minimum",
    "StopGradient",
    "Round",
    "Floor",
}
_JOINS = {"ConcatV2", "Pack", "SelectV2", "Select"}


def embedding_limits(
    call: Callable[[dict[str, Any]], dict[str, Any]],
    inputs: tuple[TensorSpec, ...],
) -> dict[str, int]:
    """Input name -> exclusive upper bound of its ids.

    Args:
        call: The model, tensors by name to tensors by name.
        inputs: Its inputs.
    """
    import tensorflow as tf

    specs = {
        spec.name: tf.TensorSpec([None if n < 0 else n for n in spec.shape], spec.dtype)
        for spec in inputs
    }
    concrete = tf.function(call).get_concrete_function(specs)
    try:
        frozen = freeze_variables(concrete)
    except Exception as error:  # it cannot be frozen: the export says why; no limit is known
        fallbacks.note("embedding_limits", error)
        return {}
    # Flattened dictionaries go by sorted key; captured resources come after the arguments.
    owners = {
        tensor.op.name: name for tensor, name in zip(frozen.inputs, sorted(specs), strict=False)
    }
    limits: dict[str, int] = {}
    for operation in frozen.graph.get_operations():
        bound, ids = _bound(operation)
        for name in _sources(ids, owners) if bound else ():
            limits[name] = min(bound, limits.get(name, bound))
    return limits


def _bound(operation: Any) -> tuple[int, Any]:
    """The number of ids that an operator takes, and the tensor that holds them."""
    if operation.type in _GATHERS:
        return _table_rows(operation), operation.inputs[1]
    if operation.type == "OneHot" and operation.inputs[1].op.type == "Const":
        return int(_constant(operation.inputs[1].op)), operation.inputs[0]
    return 0, None


def _table_rows(gather: Any) -> int:
    """Rows of the gathered constant table; 0 where it is not one gathered by rows."""
    table = gather.inputs[0]
    if gather.type == "GatherV2":
        axis = gather.inputs[2].op
        if axis.type != "Const" or int(_constant(axis)) != 0:
            return 0
    root = table.op
    while root.type in ("Identity", "ReadVariableOp"):
        root = root.inputs[0].op
    if root.type != "Const" or table.shape.rank is None or table.shape.rank < 2:
        return 0
    return int(table.shape[0] or 0)


def _constant(operation: Any) -> Any:
    import tensorflow as tf

    return tf.make_ndarray(operation.get_attr("value"))


def _sources(tensor: Any, owners: dict[str, str]) -> set[str]:
    """The inputs that `tensor` takes its values from, through operators that keep them."""
    found: set[str] = set()
    pending, seen = [tensor.op], set()
    while pending:
        operation = pending.pop()
        if operation.name in seen:
            continue
        seen.add(operation.name)
        if operation.name in owners:
            found.add(owners[operation.name])
        elif operation.type in _THROUGH:
            pending.append(operation.inputs[0].op)
        elif operation.type in _JOINS:
            pending.extend(operand.op for operand in operation.inputs)
    return found
