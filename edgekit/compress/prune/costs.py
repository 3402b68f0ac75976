"""What a model costs, and what it would cost with fewer channels, without building it.

A search for a target asks dozens of times, so every layer becomes a few numbers: how often each
pair of channels is multiplied, and which atoms stand on either side.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.compress.prune.channel_groups import Channels
from edgekit.compress.prune.layer_graph import Graph, Node
from edgekit.compress.prune.layer_kinds import Kind, kind_of

_BYTES = 4
_KERNELS: frozenset[str] = frozenset(
    {"conv", "transposed", "separable", "dense", "depthwise", "grouped"}
)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Term:
    """`factor * in * out` multiply-accumulates or weights; None counts as one channel.

    `into` and `out` are the atoms of a tensor's last axis, -1 where a channel stays.
    """

    layer: str
    factor: int
    into: np.ndarray | None
    out: np.ndarray | None

    def value(self, kept: np.ndarray) -> int:
        result = self.factor
        for atoms in (self.into, self.out):
            if atoms is not None:
                fixed = atoms < 0
                result *= int(fixed.sum()) + int(kept[atoms[~fixed]].sum())
        return result


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Costs:
    """The costs of a model as functions of the channels that stay.

    Attributes:
        everything: A `kept` that removes nothing.
        open_sizes: Whether some size is unknown and was counted as 1: give `layer_graph.walk`
            sizes.
    """

    everything: np.ndarray
    open_sizes: bool
    _macs: tuple[_Term, ...]
    _weights: tuple[_Term, ...]

    def macs(self, kept: np.ndarray | None = None) -> int:
        """Multiply-accumulates for a batch of one.

        Those of convolutions (also depthwise, separable and transposed) and dense layers, padded
        places included. Other layers count nothing.

        Args:
            kept: By atom, whether it stays; all by default.
        """
        return sum(self.by_layer(kept).values())

    def by_layer(self, kept: np.ndarray | None = None) -> dict[str, int]:
        """The same for each layer that has any; the calls of one layer are added up."""
        found: dict[str, int] = {}
        mask = self.everything if kept is None else kept
        for term in self._macs:
            found[term.layer] = found.get(term.layer, 0) + term.value(mask)
        return found

    def weight_bytes(self, kept: np.ndarray | None = None) -> int:
        """Bytes of the weights in a float32 `.tflite`.

        Kernels, a bias for each of them, and what other layers hold. A batch normalization that
        follows a layer with a kernel is folded into it, and costs nothing.

        Args:
            kept: By atom, whether it stays; all by default.
        """
        mask = self.everything if kept is None else kept
        return _BYTES * sum(term.value(mask) for term in self._weights)


def count(graph: Graph, channels: Channels) -> Costs:
    """The costs of a model.

    Args:
        graph: What `layer_graph.walk` made of it. Where the model leaves sizes open,
            give them there.
        channels: What `channel_groups.find` made of that.
    """
    counted: list[_Term] = []
    weights: list[_Term] = []
    seen: set[int] = set()
    for node in graph.nodes:
        kind = kind_of(node.operation)
        if kind in _KERNELS:
            counted.extend(_macs(graph, channels, node, kind))
        if id(node.operation) not in seen:
            seen.add(id(node.operation))
            weights.extend(_weights(graph, channels, node, kind))
    sizes = [size for node in graph.nodes for n in node.outputs for size in graph.shapes[n][1:]]
    return Costs(
        everything=channels.everything(),
        open_sizes=None in sizes,
        _macs=tuple(counted),
        _weights=tuple(weights),
    )


def _places(graph: Graph, tensor: int) -> int:
    """The positions of a tensor beside batch and channels."""
    return math.prod(size or 1 for size in graph.shapes[tensor][1:-1])


def _window(layer: Any, kind: Kind | None) -> int:
    """The weights between one channel that is read and one that is given."""
    # What a filter of a grouped convolution reads is fixed: its own group.
    shape = layer.kernel.shape
    return math.prod(shape[:-1] if kind == "grouped" else shape[:-2])


def _macs(graph: Graph, channels: Channels, node: Node, kind: Kind | None) -> list[_Term]:
    into, out = channels.atoms[node.inputs[0]], channels.atoms[node.outputs[0]]
    layer = node.operation
    places = _places(graph, node.outputs[0])
    if getattr(layer, "data_format", None) == "channels_first":
        return [_channels_first(graph, node, kind)]
    if kind == "separable":
        # The depthwise part is done at the output's places, the pointwise part after it.
        multiplier = int(layer.depth_multiplier)
        window = math.prod(layer.depthwise_kernel.shape[:-2])
        return [
            _Term(layer=node.name, factor=places * window * multiplier, into=into, out=None),
            _Term(layer=node.name, factor=places * multiplier, into=into, out=out),
        ]
    window = _window(layer, kind)
    if kind == "transposed":
        places = _places(graph, node.inputs[0])  # each input is spread over a window
    if kind in ("depthwise", "grouped"):
        return [_Term(layer=node.name, factor=places * window, into=None, out=out)]
    return [_Term(layer=node.name, factor=places * window, into=into, out=out)]


def _channels_first(graph: Graph, node: Node, kind: Kind | None) -> _Term:
    """All of a layer whose channels come before its places; they all stay."""
    shape = graph.shapes[node.inputs[0] if kind == "transposed" else node.outputs[0]]
    kernels = [w for w in node.operation.weights if "kernel" in w.name]
    factor = math.prod(size or 1 for size in shape[2:]) * sum(math.prod(k.shape) for k in kernels)
    return _Term(layer=node.name, factor=factor, into=None, out=None)


def _weights(graph: Graph, channels: Channels, node: Node, kind: Kind | None) -> list[_Term]:
    layer = node.operation
    held = list(getattr(layer, "weights", ()))
    if not held:
        return []

    def term(factor: int, into: np.ndarray | None = None, out: np.ndarray | None = None) -> _Term:
        return _Term(layer=node.name, factor=factor, into=into, out=out)

    into, out = channels.atoms[node.inputs[0]], channels.atoms[node.outputs[0]]
    if getattr(layer, "data_format", None) == "channels_first":
        return [term(sum(math.prod(weight.shape) for weight in held))]
    if kind == "separable":
        multiplier = int(layer.depth_multiplier)
        window = math.prod(layer.depthwise_kernel.shape[:-2])
        # Two operators, each with a bias.
        depthwise = term(window * multiplier + multiplier, into)
        return [depthwise, term(multiplier, into, out), term(1, None, out)]
    if kind in ("depthwise", "grouped"):
        return [term(_window(layer, kind) + 1, None, out)]
    if kind in _KERNELS:
        return [term(_window(layer, kind), into, out), term(1, None, out)]
    if kind == "batch_norm":
        return [] if _is_folded(graph, node) else [term(2, None, out)]
    if kind in ("prelu", "embedding"):
        shape = tuple(held[0].shape)
        if shape[-1] == len(out):
            return [term(math.prod(shape[:-1]), None, out)]
    return [term(sum(math.prod(weight.shape) for weight in held))]


def _is_folded(graph: Graph, node: Node) -> bool:
    producer = graph.producer(node.inputs[0])
    return (
        producer is not None
        and kind_of(producer.operation) in _KERNELS
        and len(graph.consumers(node.inputs[0])) == 1
    )
