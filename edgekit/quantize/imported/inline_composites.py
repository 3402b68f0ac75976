"""Composite operators as the operators that they stand for.

A STABLEHLO_COMPOSITE names a graph that computes the same (its decomposition), for accelerators
that know it by its name. LiteRT runs that graph on a CPU, and aborts on some.
"""

from __future__ import annotations

import copy

from edgekit import tflite
from edgekit.core.errors import ModelError
from edgekit.tflite import Model, Operator
from edgekit.tflite.schema_objects import RawOperator, SubGraph

_COMPOSITE = "STABLEHLO_COMPOSITE"
# Composites within composites double what they stand for; no honest file comes near.
_MOST_OPERATORS, _MOST_ROUNDS = 200_000, 32


def inline(model: Model) -> int:
    """Put every composite's operators in its place, in every graph.

    Returns:
        How many composites there were.

    Raises:
        ModelError: They stand for more operators than any model has, or for themselves.
    """
    count = 0
    for _ in range(_MOST_ROUNDS):
        composites = [op for op in tflite.operators(model) if op.name == _COMPOSITE]
        if not composites:
            return count
        count += len(composites)
        graphs = [copy.copy(graph) for graph in model.subgraphs]
        for number, graph in enumerate(model.subgraphs):
            _inline(graph, graphs, [op for op in composites if op.subgraph == number])
        if sum(len(graph.operators) for graph in model.subgraphs) > _MOST_OPERATORS:
            break
    raise ModelError(
        "Composite operators must stand for a number of others that a device can run.",
        received=f"composites within composites, for over {_MOST_OPERATORS} operators or "
        f"{_MOST_ROUNDS} levels",
        hint="export, copy or download the file again.",
    )


def _inline(graph: SubGraph, graphs: list[SubGraph], composites: list[Operator]) -> None:
    """One graph of a round, with the bodies as they were when it began."""
    by_index = {op.index: op for op in composites}
    operators: list[RawOperator] = []
    graph.tensors = list(graph.tensors)
    for index, raw in enumerate(graph.operators):
        op = by_index.get(index)
        if op is None:
            operators.append(raw)
        else:
            operators += _body(graph, raw, graphs[int(op.options.decompositionSubgraphIndex)])
    graph.operators = operators


def _body(graph: SubGraph, composite: RawOperator, body: SubGraph) -> list[RawOperator]:
    """The operators of a composite on the tensors of `graph`, which gets those in between."""
    place = dict(zip(body.inputs, composite.inputs, strict=False))
    free = [i for i in body.outputs if i not in place]
    if len(body.inputs) != len(composite.inputs) or sorted(free) != sorted(set(body.outputs)):
        raise ModelError(
            "A composite operator must fit the graph that it stands for.",
            received=f"{len(composite.inputs)} inputs for {len(body.inputs)}, outputs "
            f"{body.outputs}",
            hint="export the model again without composites.",
        )
    place |= dict(zip(body.outputs, composite.outputs, strict=False))
    for index, tensor in enumerate(body.tensors):
        if index not in place:
            place[index] = len(graph.tensors)
            graph.tensors.append(copy.copy(tensor))
    made = []
    for raw in body.operators:
        added = copy.copy(raw)
        added.inputs = [place[i] if i >= 0 else -1 for i in raw.inputs]
        added.outputs = [place[i] if i >= 0 else -1 for i in raw.outputs]
        made.append(added)
    return made
