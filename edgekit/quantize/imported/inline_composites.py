"""Composite operators as the operators that they stand for.

A STABLEHLO_COMPOSITE names a graph that computes the same (its decomposition), for accelerators
that know it by its name. LiteRT runs that graph on a CPU, and aborts on some.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping

from edgekit import tflite
from edgekit.core.errors import ModelError
from edgekit.tflite import Model, Operator
from edgekit.tflite.schema_objects import RawOperator, SubGraph

_COMPOSITE = "STABLEHLO_COMPOSITE"
# Composites of composites may double what they stand for; no honest file comes near.
_MOST_OPERATORS = 50_000


def inline(model: Model) -> int:
    """Put every composite's operators in its place, in every graph.

    Returns:
        How many composites there were.

    Raises:
        ModelError: They stand for more operators than any model has, or for themselves.
    """
    composites: dict[int, dict[int, Operator]] = {}
    for op in tflite.operators(model):
        if op.name == _COMPOSITE:
            composites.setdefault(op.subgraph, {})[op.index] = op
    done: set[int] = set()
    for number in composites:
        _inline(model, number, composites, done, ())
    return sum(map(len, composites.values()))


def _inline(
    model: Model,
    number: int,
    composites: Mapping[int, Mapping[int, Operator]],
    done: set[int],
    within: tuple[int, ...],
) -> SubGraph:
    """A graph without composites, after those that it calls; `within` has those that call it."""
    if not 0 <= number < len(model.subgraphs):
        raise _misfit(f"graph {number} of {len(model.subgraphs)}")
    graph = model.subgraphs[number]
    if number in done or number not in composites:
        return graph
    if number in within:
        raise _endless("itself")
    operators: list[RawOperator] = []
    for index, raw in enumerate(graph.operators):
        op = composites[number].get(index)
        if op is None:
            operators.append(raw)
            continue
        called = int(op.options.decompositionSubgraphIndex)
        body = _inline(model, called, composites, done, (*within, number))
        operators += _body(graph, raw, body)
        if len(operators) > _MOST_OPERATORS:
            raise _endless(f"over {_MOST_OPERATORS} operators")
    graph.operators = operators
    done.add(number)
    return graph


def _body(graph: SubGraph, composite: RawOperator, body: SubGraph) -> list[RawOperator]:
    """The operators of a composite on the tensors of `graph`, which gets those in between."""
    place = dict(zip(body.inputs, composite.inputs, strict=False))
    free = {i for i in body.outputs if i not in place}
    fits = len(body.inputs) == len(composite.inputs) == len(place)
    if not fits or not len(free) == len(body.outputs) == len(composite.outputs):
        raise _misfit(
            f"{len(composite.inputs)} inputs and {len(composite.outputs)} outputs for "
            f"{body.inputs} and {body.outputs}"
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


def _endless(received: str) -> ModelError:
    return ModelError(
        "Composite operators must stand for a number of others that a device can run.",
        received=f"composites of {received}",
        hint="export, copy or download the file again.",
    )


def _misfit(received: str) -> ModelError:
    return ModelError(
        "A composite operator must fit the graph that it stands for.",
        received=received,
        hint="export the model again without composites.",
    )
