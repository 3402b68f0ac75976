"""TRANSPOSE and RESHAPE whose work another undoes, or does anyway.

Files that came from PyTorch have them around every block: two transposes that are one or none, a
shape that is given and given again.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from edgekit.tflite.constants import values
from edgekit.tflite.graph import Operator
from edgekit.tflite.graph_edits import add_constant
from edgekit.tflite.schema_objects import Model, SubGraph
from edgekit.tflite.signature import binding, main_operators
from edgekit.tflite.sole_consumers import sole_consumers

_SHAPES_ANEW = ("RESHAPE", "SQUEEZE", "EXPAND_DIMS")


def cancel(model: Model) -> int:
    """Take out such operators of the main graph, in place; the last of a chain keeps its name.

    Args:
        model: A float model.

    Returns:
        How many went away.
    """
    graph = model.subgraphs[binding(model).subgraph]
    before = len(graph.operators)
    while _skip_the_first(model, graph) or _drop_without_effect(model, graph):
        pass
    return before - len(graph.operators)


def _skip_the_first(model: Model, graph: SubGraph) -> bool:
    """Make one of two where nothing else reads what is between them; whether there were two."""
    known = main_operators(model)
    alone = sole_consumers(graph, known)
    for first in known:
        second = alone.get(first.outputs[0].index) if first.outputs else None
        if second is None or second.inputs[0] != first.outputs[0]:
            continue
        raw = graph.operators[second.index]
        if first.name in _SHAPES_ANEW and second.name == "RESHAPE" and _has_fixed_shape(second):
            raw.inputs = [first.inputs[0].index, *raw.inputs[1:]]
        elif first.name == second.name == "TRANSPOSE":
            orders = [_order(model, op) for op in (first, second)]
            if orders[0] is None or orders[1] is None:
                continue
            name = f"{second.outputs[0].name}/order"
            both = add_constant(model, graph, name, orders[0][orders[1]])
            raw.inputs = [first.inputs[0].index, both]
        else:
            continue
        del graph.operators[first.index]
        return True
    return False


def _drop_without_effect(model: Model, graph: SubGraph) -> bool:
    """Take out one that changes nothing, inside the graph; whether there was one."""
    results = {int(index) for index in graph.outputs}
    for op in _without_effect(model):
        given, given_by = op.outputs[0].index, op.inputs[0].index
        if given in results:  # it has the output's name
            continue
        for raw in graph.operators:
            raw.inputs = [given_by if int(index) == given else index for index in raw.inputs]
        del graph.operators[op.index]
        return True
    return False


def _without_effect(model: Model) -> Iterator[Operator]:
    for op in main_operators(model):
        if op.name == "TRANSPOSE":
            order = _order(model, op)
            if order is not None and (order == np.arange(len(order))).all():
                yield op
        elif op.name == "RESHAPE" and _has_fixed_shape(op):
            if op.inputs[0].shape == op.outputs[0].shape:
                yield op


def _has_fixed_shape(op: Operator) -> bool:
    """Whether the shape that it gives is in the file, and so is that of what it reads."""
    shapes = (*op.inputs[0].shape, *op.outputs[0].shape)
    return min(shapes, default=1) > 0 and all(t.is_constant for t in op.inputs[1:])


def _order(model: Model, op: Operator) -> np.ndarray | None:
    order = values(model, op.inputs[1]) if op.inputs[1].is_constant else None
    return None if order is None else order.astype(np.int32)
