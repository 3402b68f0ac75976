"""Reciprocal roots of sums of squares, bounded before the root instead of behind it.

Keras' UnitNormalization and `normalize` divide by a root that is at least some epsilon.
TensorFlow's converter makes `min(rsqrt(x), 1 / epsilon)` of it, which is right where `rsqrt(0)` is
infinite. In XNNPACK it is NaN (seen in LiteRT 2.3.0 on x86-64), and so is every vector of zeros.
`rsqrt(max(x, epsilon ** 2))` is the same number without it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edgekit.tflite.constants import values
from edgekit.tflite.graph import Operator, operators
from edgekit.tflite.graph_edits import add_constant, add_tensor, operator
from edgekit.tflite.schema_objects import Model, SubGraph

_SMALLEST = float(np.finfo(np.float32).tiny)


def bound(model: Model) -> int:
    """Put a MAXIMUM before such roots, in place.

    Args:
        model: A float model, as `read` returned it.

    Returns:
        How many there were.
    """
    known = list(operators(model))
    count = 0
    for number, graph in enumerate(model.subgraphs):
        mine = [op for op in known if op.subgraph == number]
        found = [(graph.operators[op.index], op, most) for op, most in _bounded(model, graph, mine)]
        for raw, root, largest in found:
            name, given = root.outputs[0].name, raw.inputs[0]
            least = np.full((), max(_SMALLEST, 1 / largest**2), np.float32)
            constant = add_constant(model, graph, f"{name}/least", least)
            bounded = add_tensor(graph, like=given, name=f"{name}/bounded")
            raw.inputs = [bounded]
            place = next(i for i, other in enumerate(graph.operators) if other is raw)
            graph.operators.insert(place, operator(model, "MAXIMUM", [given, constant], [bounded]))
        count += len(found)
    return count


def _bounded(
    model: Model, graph: SubGraph, known: Sequence[Operator]
) -> Iterator[tuple[Operator, float]]:
    """Each RSQRT of a sum of squares that a MINIMUM with a constant alone reads; the constant."""
    makers = {tensor.index: op for op in known for tensor in op.outputs}
    for root in known:
        if root.name != "RSQRT" or root.outputs[0].dtype != "float32":
            continue
        result = root.outputs[0].index
        readers = [op for op in known if any(tensor.index == result for tensor in op.inputs)]
        if [op.name for op in readers] != ["MINIMUM"] or result in graph.outputs:
            continue
        stored = [values(model, tensor) for tensor in readers[0].constants]
        if len(stored) != 1 or stored[0] is None or stored[0].size != 1:
            continue
        largest = float(stored[0].reshape(-1)[0])
        if largest > 0 and _is_of_squares(makers.get(root.inputs[0].index), makers):
            yield root, largest


def _is_of_squares(op: Operator | None, makers: dict[int, Operator]) -> bool:
    """Whether an operator sums squares up: below 0 there is no root to keep."""
    if op is None or op.name not in ("SUM", "MEAN"):
        return False
    square = makers.get(op.inputs[0].index)
    if square is None:
        return False
    factors = [tensor.index for tensor in square.inputs]
    return square.name == "SQUARE" or (square.name == "MUL" and factors[0] == factors[-1])
