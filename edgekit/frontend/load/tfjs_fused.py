"""The operators that the TensorFlow.js converter makes of several, split again.

`_FusedConv2D`, `FusedDepthwiseConv2dNative` and `_FusedMatMul` list in `fused_ops` what follows the
product, and take the operands of those behind their own; `Prelu` is TensorFlow.js' alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from edgekit.core.errors import ModelError

_PRODUCTS = {
    "_FusedConv2D": "Conv2D",
    "FusedDepthwiseConv2dNative": "DepthwiseConv2dNative",
    "_FusedDepthwiseConv2dNative": "DepthwiseConv2dNative",
    "_FusedMatMul": "MatMul",
}
_PRELU = "Prelu"
_FUSED = frozenset({*_PRODUCTS, _PRELU})
# Attributes of the product itself, as TensorFlow's operators of that name have them.
_KEPT = {
    "Conv2D": ("T", "strides", "padding", "data_format", "dilations", "explicit_paddings"),
    "DepthwiseConv2dNative": (
        "T",
        "strides",
        "padding",
        "data_format",
        "dilations",
        "explicit_paddings",
    ),
    "MatMul": ("T", "transpose_a", "transpose_b"),
}
_ACTIVATIONS = frozenset({"Relu", "Relu6", "Elu", "Sigmoid", "Tanh", "LeakyRelu"})

# An added node: its operator, its operands, and attributes of the fused node by their new names.
Add = Callable[..., str]


def split(graph: Any) -> None:
    """Put every fused node of a `GraphDef`, and of its functions, apart in place.

    The last of the new nodes has the name of the fused one, so that readers find it.

    Raises:
        ModelError: Something is fused that TensorFlow.js does not have.
    """
    for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
        fused = [node for node in nodes if node.op in _FUSED]
        if not fused:
            continue
        taken = {node.name for node in nodes}
        made = [new for node in fused for new in _Split(node, taken).nodes()]
        kept = [node for node in nodes if node.op not in _FUSED]
        copies = [type(node).FromString(node.SerializeToString()) for node in (*kept, *made)]
        del nodes[:]
        nodes.extend(copies)


class _Split:
    """One fused node."""

    def __init__(self, node: Any, taken: set[str]) -> None:
        self._node, self._taken = node, taken
        self._made: list[Any] = []

    def nodes(self) -> list[Any]:
        """The nodes in its place."""
        data = [name for name in self._node.input if not name.startswith("^")]
        if self._node.op == _PRELU:
            if len(data) != 2:
                raise self._unknown(f"{len(data)} operands")
            self._prelu(*data)
        else:
            self._product(data)
        # What has to run before the fused node runs before its first part.
        waits = [name for name in self._node.input if name.startswith("^")]
        self._made[0].input.extend(waits)
        self._made[-1].name = self._node.name
        return self._made

    def _product(self, data: Sequence[str]) -> None:
        operator = _PRODUCTS[self._node.op]
        if len(data) < 2:
            raise self._unknown(f"{len(data)} operands")
        value = self._add(operator, data[:2], _KEPT[operator])
        operands = iter(data[2:])
        for name in self._node.attr["fused_ops"].list.s:
            value = self._follow(name.decode(errors="replace"), value, operands)

    def _follow(self, name: str, value: str, operands: Iterator[str]) -> str:
        """One of `fused_ops` on what came before it."""
        try:
            if name == "BiasAdd":
                return self._add("BiasAdd", (value, next(operands)), ("T", "data_format"))
            if name == _PRELU:
                return self._prelu(value, next(operands))
        except StopIteration:
            raise self._unknown(f"no operand for {name}") from None
        if name not in _ACTIVATIONS:
            raise self._unknown(name)
        made = self._add(name, (value,), ("T",))
        if name == "LeakyRelu":
            slope = self._node.attr["leakyrelu_alpha"]
            self._made[-1].attr["alpha"].f = slope.f if slope.HasField("f") else 0.2
        return made

    def _prelu(self, value: str, slope: str) -> str:
        """`relu(x) - slope * relu(-x)`, as Keras writes it, and the converter knows it."""
        above = self._add("Relu", (value,), ("T",))
        negative = self._add("Neg", (value,), ("T",))
        below = self._add("Relu", (negative,), ("T",))
        opposite = self._add("Neg", (slope,), ("T",))
        scaled = self._add("Mul", (opposite, below), ("T",))
        return self._add("AddV2", (above, scaled), ("T",))

    def _add(self, operator: str, operands: Sequence[str], attributes: Sequence[str]) -> str:
        node = type(self._node)(op=operator)
        name = f"{self._node.name}/{operator}"
        while name in self._taken:
            name += "_"
        self._taken.add(name)
        node.name = name
        node.input.extend(operands)
        for attribute in attributes:
            if attribute in self._node.attr:
                node.attr[attribute].CopyFrom(self._node.attr[attribute])
        if not node.attr["T"].type:
            node.attr["T"].type = 1  # float: TensorFlow.js computes in nothing else
        self._made.append(node)
        return name

    def _unknown(self, what: str) -> ModelError:
        return ModelError(
            "A fused operator must be one that the TensorFlow.js converter makes.",
            received=f"{self._node.op} ({self._node.name!r}): {what}",
            hint="convert the Keras model or SavedModel that it was made from.",
        )
