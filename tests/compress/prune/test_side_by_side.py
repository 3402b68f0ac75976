"""Models computed call by call over all samples, several beside the original."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgekit.compress.prune import side_by_side
from edgekit.compress.prune.layer_graph import Graph, Node


class Scale:
    """A layer of one weight that counts how often it computes."""

    def __init__(self, factor: float) -> None:
        self.weights = [np.array([factor])]
        self.batches: list[int] = []

    def call(self, read: list[np.ndarray]) -> list[np.ndarray]:
        self.batches.append(len(read[0]))
        return [read[0] * self.weights[0]]


def add(read: list[np.ndarray]) -> list[np.ndarray]:
    return [read[0] + read[1]]


def network(*layers: Scale) -> Graph:
    """Layers one after the other, and the input added at the end."""
    nodes = [
        Node(operation=layer, name=f"l{n}", inputs=(n,), outputs=(n + 1,), arguments=((), {}),
             call=layer.call)
        for n, layer in enumerate(layers)
    ]  # fmt: skip
    last = len(layers)
    nodes.append(
        Node(operation=SimpleNamespace(), name="add", inputs=(last, 0), outputs=(last + 1,),
             arguments=((), {}), call=add)
    )  # fmt: skip
    readers: dict[int, list[Node]] = {}
    for node in nodes:
        for number in node.inputs:
            readers.setdefault(number, []).append(node)
    return Graph(
        nodes=tuple(nodes),
        inputs={"x": 0},
        outputs=(last + 1,),
        shapes={n: (None, 4) for n in range(last + 2)},
        dtypes={n: "float32" for n in range(last + 2)},
        readers={number: tuple(found) for number, found in readers.items()},
        nested=(),
    )


X = np.arange(1200, dtype=np.float32).reshape(300, 4)


def test_each_call_is_told_what_it_reads_over_all_samples() -> None:
    graph = network(Scale(2.0), Scale(3.0))
    seen = {node.name: read for node, read in side_by_side.passing(graph, {"x": X})}
    np.testing.assert_array_equal(seen["l1"][0], 2 * X)
    np.testing.assert_array_equal(seen["add"][0], 6 * X)
    np.testing.assert_array_equal(seen["add"][1], X)
    assert graph.nodes[0].operation.batches == [128, 128, 44]


def test_inputs_become_the_types_that_the_model_takes() -> None:
    graph = network(Scale(2.0))
    [(_, read), *_] = side_by_side.passing(graph, {"x": np.ones((2, 4), np.uint8)})
    assert read[0].dtype == np.float32


class Watching:
    """A repair that changes nothing, but notes what it is shown."""

    def __init__(self, graph: Graph, change: dict[str, float] | None = None) -> None:
        self.graph = graph
        self.change = change or {}
        self.seen: dict[str, tuple[Any, Any]] = {}

    def visit(self, old: Node, read: list[Any], new: Node, read_new: list[Any]) -> None:
        assert old.name == new.name
        self.seen[old.name] = (read, read_new)
        if old.name in self.change:
            new.operation.weights[0] = np.array([self.change[old.name]])


def test_what_is_the_same_is_computed_once_and_handed_over() -> None:
    layers = Scale(2.0), Scale(3.0)
    same = Watching(network(*layers))
    other_layers = Scale(2.0), Scale(4.0)
    other = Watching(network(*other_layers))
    side_by_side.repair(network(*layers), [same, other], {"x": X})
    for read, read_new in same.seen.values():
        assert all(a is b for a, b in zip(read, read_new, strict=True))
    assert sum(layers[0].batches) == 300  # not twice
    assert other_layers[0].batches == []  # the same weights on the same input
    assert sum(other_layers[1].batches) == 300
    read, read_new = other.seen["add"]
    np.testing.assert_array_equal(read[0], 6 * X)
    np.testing.assert_array_equal(read_new[0], 8 * X)
    assert read[1] is read_new[1]


def test_a_layer_that_a_visit_changes_is_computed_as_changed() -> None:
    changed = Watching(network(Scale(2.0), Scale(3.0)), change={"l0": 5.0})
    side_by_side.repair(network(Scale(2.0), Scale(3.0)), [changed], {"x": X})
    np.testing.assert_array_equal(changed.seen["l1"][1][0], 5 * X)
    np.testing.assert_array_equal(changed.seen["add"][1][0], 15 * X)


@pytest.mark.parametrize("models", [1, 4])
def test_as_many_samples_as_fit_at_once(models: int) -> None:
    graph = network(Scale(2.0), Scale(3.0))
    # At most the input, what a layer reads and what it gives: three of 16 bytes.
    fits = side_by_side.MEMORY // (models * 3 * 16)
    assert side_by_side.affordable(graph, 10**9, models) == fits
    assert side_by_side.affordable(graph, 10, models) == 10
    huge = network(Scale(1.0))
    shapes = {n: (None, side_by_side.MEMORY) for n in huge.shapes}
    large = Graph(**{f: getattr(huge, f) for f in huge.__slots__ if f != "shapes"}, shapes=shapes)
    assert side_by_side.affordable(large, 10, models) == 1
