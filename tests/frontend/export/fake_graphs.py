"""Graphs of TensorFlow as far as errors read them, without TensorFlow."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from types import SimpleNamespace
from typing import Any


@dataclass(eq=False)
class FakeNode:
    """An operator with one output, which knows who reads it."""

    type: str
    name: str
    inputs: list[Any] = field(default_factory=list)
    traceback: list[Any] = field(default_factory=list)
    dtype: str = "float32"
    calls: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.readers: list[FakeNode] = []
        dtype = SimpleNamespace(name=self.dtype)
        output = SimpleNamespace(op=self, dtype=dtype, consumers=lambda: self.readers)
        self.outputs = [output]
        self.node_def = SimpleNamespace(attr={"f": _functions(self.calls)})


def _functions(names: tuple[str, ...]) -> Any:
    functions = [SimpleNamespace(name=name) for name in names]
    listed = SimpleNamespace(func=functions)
    return SimpleNamespace(HasField=lambda name: False, list=listed)


def chain(*steps: FakeNode) -> tuple[FakeNode, ...]:
    """The nodes, each reading the one before."""
    for before, after in pairwise(steps):
        read(after, before)
    return steps


def read(node: FakeNode, *sources: FakeNode) -> FakeNode:
    """The node, reading the sources as well."""
    for source in sources:
        node.inputs.append(source.outputs[0])
        source.readers.append(node)
    return node


def graph(*nodes: FakeNode, **functions: Any) -> Any:
    """A graph that knows the functions, each a graph, by name."""
    known = {name: SimpleNamespace(graph=inner) for name, inner in functions.items()}
    return SimpleNamespace(get_operations=lambda: nodes, _functions=known)
