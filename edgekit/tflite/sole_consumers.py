"""Which activations only one operator reads, so that both can be made one."""

from __future__ import annotations

from collections.abc import Sequence

from edgekit.tflite.graph import Operator
from edgekit.tflite.schema_objects import SubGraph


def sole_consumers(graph: SubGraph, known: Sequence[Operator]) -> dict[int, Operator]:
    """By tensor, the one operator that reads it, once; no outputs of the graph.

    Args:
        graph: Of the operators.
        known: All of them.
    """
    readers: dict[int, list[Operator]] = {}
    for op in known:
        for tensor in op.inputs:
            readers.setdefault(tensor.index, []).append(op)
    results = {int(index) for index in graph.outputs}
    return {
        index: read_by[0]
        for index, read_by in readers.items()
        if len(read_by) == 1 and index not in results
    }
