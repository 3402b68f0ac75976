"""How each kind of operation hands the channels that it reads to what it gives.

A rule gets the atoms of the last axis of each tensor that is read, and returns those of each
that is given; or a text, the reason why it cannot tell.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.compress.prune.channel_atoms import Atoms
from edgekit.compress.prune.layer_graph import Graph, Node
from edgekit.compress.prune.layer_kinds import Kind, constants, last_axis

Given = list[np.ndarray] | str
Rule = Callable[[Atoms, Graph, Node, list[np.ndarray]], Given]

# Operations that scale one tensor by the other. Removing a channel takes its gate with it, which
# costs nothing; that of an Add is missed by all that share the stream.
_GATES = ("Multiply", "Divide", "TrueDivide", "DivideNoNan")

_PER_CHANNEL = "it holds a constant for each channel"
_MIXES = "it computes across channels"


def produce(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """New channels: any may go, whatever happens to those that are read."""
    return [atoms.new(width(graph, node.outputs[0]))]


def depthwise(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """Each channel by itself, into one or several next to each other."""
    if not len(read[0]):
        return "its width is not known"
    return [np.repeat(read[0], width(graph, node.outputs[0]) // len(read[0]))]


def batch_norm(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """The same channels, where the normalised axis is that of the channels."""
    shapes = {tuple(weight.shape) for weight in node.operation.weights}
    if not _is_last(node.operation.axis, graph, node) or shapes - {(len(read[0]),)}:
        return "it normalises along another axis than the channels"
    return [read[0]]


def elementwise(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """The same channels."""
    operation = node.operation
    held = [getattr(operation, name, None) for name in ("scale", "offset", "x_min", "x_max")]
    several = any(np.size(value) > 1 for value in held if value is not None)
    if (several or constants(node)) and not atoms.is_fixed(read[0]):
        return _PER_CHANNEL
    return [read[0]]


def merge(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """Equal positions go together; one channel that is spread over all of them stays."""
    if any(not len(one) for one in read):
        return "its width is not known"
    # Along other axes than the last a constant may be anything.
    if any(array.ndim and array.shape[-1] > 1 for array in constants(node)):
        return _PER_CHANNEL
    full = max(len(one) for one in read)
    result: np.ndarray | None = None
    for one in read:
        if len(one) < full:
            atoms.freeze(one)
        elif result is None:
            result = one
        else:
            atoms.unite(result, one, tie=type(node.operation).__name__ not in _GATES)
    return [result] if result is not None else _MIXES


def concat(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """Side by side along the channels; along another axis equal positions go together."""
    if _is_last(node.operation.axis, graph, node):
        return [np.concatenate(read)]
    if len({len(one) for one in read}) != 1:
        return "its width is not known"
    for one in read[1:]:
        atoms.unite(read[0], one, tie=True)
    return [read[0]]


def reshape(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """Values keep their order, so the new last axis holds the old one several times, or a part.

    With `C` channels before and `L` after: where `C` divides `L`, position `p` holds channel
    `p mod C`. Where `L` divides `C`, it holds the channels `p`, `p + L`, ..., which then have
    to go together.
    """
    before, after = len(read[0]), width(graph, node.outputs[0])
    if not before or not after:
        return "its width is not known"
    if after % before == 0:
        return [np.tile(read[0], after // before)]
    if before % after == 0 and after > 1:
        rows = read[0].reshape(-1, after)
        for row in rows[1:]:
            atoms.unite(rows[0], row)
        return [rows[0]]
    return "what it takes apart does not fit the channels"


def split(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """Pieces of the channels, or all of them in each piece of another axis."""
    if not _is_last(node.operation.axis, graph, node):
        return [read[0] for _ in node.outputs]
    where = node.operation.indices_or_sections
    return list(np.split(read[0], where))


def along_axis(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """The same channels; none where it reduces them, or each output depends on all of them."""
    if _is_last(node.operation.axis, graph, node):
        return _MIXES
    return [read[0]]


def axes(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """The same channels, where the last axis stays the last and whole."""
    operation, rank = node.operation, len(graph.shapes[node.inputs[0]])
    name = type(operation).__name__
    if name == "Permute":
        stays = tuple(operation.dims)[-1] == rank - 1
    elif name == "Transpose":
        order = operation.axes
        stays = order is not None and tuple(order)[-1] % rank == rank - 1
    elif name == "Pad":
        widths = operation.pad_width
        stays = len(widths) == rank and tuple(widths[-1]) == (0, 0)
    elif name == "Squeeze":
        stays = len(read[0]) > 1
    else:
        stays = not last_axis(operation.axis, len(graph.shapes[node.outputs[0]]))
    return [read[0]] if stays else "it moves the channels to another axis"


def slices(atoms: Atoms, graph: Graph, node: Node, read: list[np.ndarray]) -> Given:
    """The same channels, where the last axis is taken whole."""
    args, kwargs = node.arguments
    key = kwargs["key"] if "key" in kwargs else args[1]
    keys = list(key) if isinstance(key, (tuple, list)) else [key]
    real = [one for one in keys if one is not None]
    if not all(one is Ellipsis or isinstance(one, (int, slice)) for one in real):
        return "it picks channels"
    covered = Ellipsis in real or len(real) == len(graph.shapes[node.inputs[0]])
    last = keys[-1] if keys else Ellipsis
    if covered and not (last is Ellipsis or last == slice(None)):
        return "it picks channels"
    return [read[0]]


RULES: dict[Kind, Rule] = {
    "conv": produce,
    "transposed": produce,
    "separable": produce,
    "dense": produce,
    "embedding": produce,
    "depthwise": depthwise,
    "grouped": depthwise,
    "batch_norm": batch_norm,
    "prelu": elementwise,
    "elementwise": elementwise,
    "spatial": elementwise,
    "merge": merge,
    "concat": concat,
    "flatten": reshape,
    "reshape": reshape,
    "split": split,
    "reduce": along_axis,
    "axes": axes,
    "slices": slices,
    "softmax": along_axis,
}


def width(graph: Graph, tensor: int) -> int:
    """How long a tensor's last axis is; 0 where that is not known or is the batch."""
    shape = graph.shapes[tensor]
    return (shape[-1] or 0) if len(shape) > 1 else 0


def _is_last(axis: Any, graph: Graph, node: Node) -> bool:
    return last_axis(axis, len(graph.shapes[node.inputs[0]]))
