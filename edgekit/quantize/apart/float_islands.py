"""Operators that a static file for a CPU computes in floats because they take less time so.

XNNPACK takes some operators in floats only (SOFTMAX, GELU, the products of two activations, most
of a normalization). In int8 each of them leaves the delegate and comes back, and a small
transformer takes several times float's time. What is left to floats costs a cast where it meets
integers. Each operator without weights is an integer one or a float one; the sum of what operators
and casts take is least at a minimum cut of a graph that has them as its nodes (Greig, Porteous and
Seheult, 1989), and that is found exactly.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

import numpy as np

from edgekit import tflite
from edgekit.core.records import Quantization
from edgekit.quantize.apart.counted_cost import (
    cast_cost,
    counted_cost,
    flows,
    form,
    operator_cost,
)
from edgekit.quantize.apart.islands import has_weights
from edgekit.quantize.rewrite import check_applied
from edgekit.tflite import Model, Operator

REASON = "in int8 it would leave the accelerated kernels (XNNPACK): faster in floats"

# A file of integers alone runs on accelerators too: floats have to save more than a fifth.
_WORTH = 0.8
# Floats lose nothing: where both take about as long, they are better.
_PREFERRED = 1.5
# Capacities of a cut are whole numbers below 2**31, and so is their sum.
_LARGEST_SUM = 2**30
_INTEGER, _FLOAT = 0, 1  # source and sink of the cut


def find(
    model: Model, how: Quantization, fixed: Mapping[int, Quantization | None]
) -> tuple[int, ...]:
    """The operators without weights that are faster in floats; none where that saves little.

    Args:
        model: The float file.
        how: A static quantization.
        fixed: What single operators have instead, by index: those are not looked at.

    Returns:
        Their indices in the main graph, in order.
    """
    if how.scheme != "static" or how.activation_bits != 8 or how.io_dtype != "float32":
        return ()  # who asks for integer inputs and outputs wants integers between them
    free = [
        op
        for op in tflite.main_operators(model)
        if op.index not in fixed
        and not has_weights(op)
        and not op.facts.is_cast
        and check_applied.treats(op, how)
    ]
    if all("int8" in op.facts.delegated for op in free):
        return ()
    chosen = _cut(model, how, fixed, free)
    before = counted_cost(model, how, fixed)
    if counted_cost(model, how, {**fixed, **dict.fromkeys(chosen)}) >= _WORTH * before:
        return ()
    return chosen


def _cut(
    model: Model,
    how: Quantization,
    fixed: Mapping[int, Quantization | None],
    free: list[Operator],
) -> tuple[int, ...]:
    """Those of `free` on the float side of the cheapest cut."""
    from scipy.sparse import csgraph, csr_array

    nodes = {op.index: number for number, op in enumerate(free, start=2)}
    edges: dict[tuple[int, int], float] = defaultdict(float)
    total = 0.0
    for op in free:
        as_integer = _PREFERRED * operator_cost(op, "integer")
        as_float = operator_cost(op, "float")
        edges[_INTEGER, nodes[op.index]] += as_float  # paid where it is on the sink's side
        edges[nodes[op.index], _FLOAT] += as_integer
        total += as_integer + as_float
    num_nodes = len(free) + 2
    sides = {
        op.index: _INTEGER if form(op, fixed.get(op.index, how)) == "integer" else _FLOAT
        for op in tflite.main_operators(model)
    } | nodes
    for flow in flows(model):
        cost = cast_cost(flow.size)
        total += 2 * cost
        maker = _FLOAT if flow.maker is None else sides[flow.maker]
        # Paid once where any reader is on the other side, however many there are.
        to_float, to_integer = num_nodes, num_nodes + 1
        num_nodes += 2
        edges[maker, to_float] += cost
        edges[to_integer, maker] += cost
        for index in flow.readers:
            reader = _FLOAT if index is None else sides[index]
            edges[to_float, reader] = edges[reader, to_integer] = np.inf
    scale = _LARGEST_SUM / max(total, 1.0)
    pairs = np.array(list(edges), dtype=np.int32)
    capacities = np.minimum(np.array(list(edges.values())) * scale, _LARGEST_SUM).astype(np.int32)
    graph = csr_array((capacities, (pairs[:, 0], pairs[:, 1])), shape=(num_nodes, num_nodes))
    pushed = csgraph.maximum_flow(graph, _INTEGER, _FLOAT).flow
    residual = csr_array(graph - pushed)
    residual.eliminate_zeros()
    reached = csgraph.breadth_first_order(residual, _INTEGER, return_predecessors=False)
    return tuple(op.index for op in free if nodes[op.index] not in set(reached.tolist()))
