"""The original model and changed ones, computed call by call over all samples, side by side.

The original is computed once, however many candidates are repaired beside it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from edgekit.compress.prune.layer_graph import Graph, Held, Node

MEMORY = 1 << 30
"""Bytes of activations that are held at once."""
_BATCH = 128


class Repair(Protocol):
    """What changes a model while it is computed beside the original."""

    graph: Graph
    """Of the model that is changed: the same calls as in the original, in the same order."""

    def visit(
        self, old: Node, read: list[np.ndarray], new: Node, read_new: list[np.ndarray]
    ) -> None:
        """Change the layer of `new`, or one behind it, before it is computed.

        Args:
            old: A call in the original model.
            read: What it reads there, `(samples, ...)` each.
            new: The same call in the changed model.
            read_new: What it reads there; the very same arrays where nothing differs.
        """


def passing(
    graph: Graph, inputs: Mapping[str, np.ndarray]
) -> Iterator[tuple[Node, list[np.ndarray]]]:
    """Compute one model; yields each call with what it reads, over all samples."""
    held = _start(graph, inputs)
    for node in graph.nodes:
        read = held.read(node)
        yield node, read
        held.keep(node, _compute(node.call, read))


def repair(old: Graph, repairs: Sequence[Repair], inputs: Mapping[str, np.ndarray]) -> None:
    """Compute the original and let each repair do its work on its own model beside it."""
    held = _start(old, inputs)
    others = [_start(each.graph, inputs) for each in repairs]
    for other in others:  # the same arrays, so that equal ones are known without a look
        for name, number in old.inputs.items():
            other.values[number] = held.values[old.inputs[name]]
    for at, node in enumerate(old.nodes):
        read = held.read(node)
        outputs = _compute(node.call, read)
        for each, other in zip(repairs, others, strict=True):
            new = each.graph.nodes[at]
            read_new = other.read(new)
            each.visit(node, read, new, read_new)
            same = all(a is b for a, b in zip(read, read_new, strict=True))
            if same and _equal(node.operation, new.operation):
                other.keep(new, outputs)
            else:
                other.keep(new, _compute(new.call, read_new))
        held.keep(node, outputs)


def _equal(old: Any, new: Any) -> bool:
    """Whether two layers have the same weights."""
    weights, others = getattr(old, "weights", ()), getattr(new, "weights", ())
    return all(
        a.shape == b.shape and np.array_equal(np.asarray(a), np.asarray(b))
        for a, b in zip(weights, others, strict=True)
    )


def _compute(
    call: Callable[[list[np.ndarray]], list[Any]], read: Sequence[np.ndarray]
) -> list[np.ndarray]:
    """One call over all samples, in batches."""
    parts = [
        [np.asarray(value) for value in call([array[at : at + _BATCH] for array in read])]
        for at in range(0, len(read[0]), _BATCH)
    ]
    if len(parts) == 1:
        return parts[0]
    return [np.concatenate(values) for values in zip(*parts, strict=True)]


def affordable(graph: Graph, available: int, models: int) -> int:
    """How many samples can be held at once, of those available: at least one.

    Args:
        graph: Of the original, which needs the most.
        available: Samples.
        models: How many are computed side by side.
    """
    held: dict[int, int] = {n: _bytes(graph, n) for n in graph.inputs.values()}
    left = {number: len(nodes) for number, nodes in graph.readers.items()}
    peak = now = sum(held.values())
    for node in graph.nodes:
        for number in node.outputs:
            held[number] = _bytes(graph, number)
            now += held[number]
        peak = max(peak, now)
        for number in {*node.inputs, *node.outputs}:
            if number in node.inputs:
                left[number] -= 1
            if left.get(number, 0) <= 0:
                now -= held.pop(number, 0)
    return max(1, min(available, MEMORY // max(1, models * peak)))


def _bytes(graph: Graph, number: int) -> int:
    return 4 * math.prod(size or 64 for size in graph.shapes[number][1:])


def _start(graph: Graph, inputs: Mapping[str, np.ndarray]) -> Held:
    feeds: dict[int, np.ndarray] = {}
    for name, number in graph.inputs.items():
        dtype = graph.dtypes[number]
        feeds[number] = inputs[name] if dtype == "string" else inputs[name].astype(dtype)
    return Held.start(graph, feeds)
