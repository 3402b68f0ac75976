"""Where in a model an operator stands: before its weights, among them, or behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Literal

from edgekit.compat.tensorflow import named_functions

Place = Literal["start", "middle", "end"]

_CALLS = ("PartitionedCall", "StatefulPartitionedCall")
_WEIGHTS = ("ReadVariableOp", "ResourceGather", "ResourceGatherNd")


def place(graph: Any, operators: set[str]) -> Place | None:
    """Where the operators stand: preprocessing, in the middle, or postprocessing.

    Args:
        graph: Of a traced function, its weights still variables.
        operators: Raw names.

    Returns:
        `start` where nothing before them reads weights, `end` where nothing behind them does. None
        if they are not found.
    """
    holders = _functions_with(graph, operators)
    found = [
        node
        for node in graph.get_operations()
        if node.type in operators or _called(node) & holders.keys()
    ]
    if not found:
        return None
    if len(found) == 1 and found[0].type in _CALLS:
        (name,) = _called(found[0]) & holders.keys()
        return place(holders[name], operators)  # as a SavedModel is one call
    if not any(node.type in _WEIGHTS for node in _reachable(found, _sources)):
        return "start"
    return "middle" if _weights_behind(graph, found) else "end"


def _functions_with(graph: Any, operators: set[str]) -> dict[str, Any]:
    """The functions that hold the operators, or call one that does, by name."""
    return {
        name: inner
        for name, inner in named_functions(graph).items()
        if inner is not graph and place(inner, operators) is not None
    }


def _called(node: Any) -> set[str]:
    """The functions that an operator calls: a call, a loop, a branch."""
    attributes = node.node_def.attr.values()
    return {a.func.name for a in attributes if a.HasField("func")} | {
        function.name for a in attributes for function in a.list.func
    }


def _weights_behind(graph: Any, found: list[Any]) -> bool:
    """Whether anything computed from `found` is joined with a weight: multiplied by it, say."""
    nodes = graph.get_operations()
    inputs = [n for n in nodes if n.type == "Placeholder" and n.outputs[0].dtype.name != "resource"]
    data = _reachable(inputs, _readers)
    weights = _reachable([n for n in nodes if n.type in _WEIGHTS], _readers) - data
    return any(
        tensor.op in weights for node in _reachable(found, _readers) for tensor in node.inputs
    )


def _sources(node: Any) -> Iterable[Any]:
    return (tensor.op for tensor in node.inputs)


def _readers(node: Any) -> Iterable[Any]:
    return (reader for tensor in node.outputs for reader in tensor.consumers())


def _reachable(start: Iterable[Any], step: Callable[[Any], Iterable[Any]]) -> set[Any]:
    seen: set[Any] = set()
    pending = list(start)
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending += step(node)
    return seen
