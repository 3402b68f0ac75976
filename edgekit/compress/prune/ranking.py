"""The channels of every group of a model in the order in which they go."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from edgekit.compress.prune import (
    gradients,
    layer_weights,
    least_squares,
    side_by_side,
    statistics,
)
from edgekit.compress.prune import (
    importance as scores,
)
from edgekit.compress.prune.channel_groups import Channels, Group
from edgekit.compress.prune.importance import Ranking, Reader
from edgekit.compress.prune.layer_graph import Graph, Node
from edgekit.compress.prune.layer_weights import Linear
from edgekit.core.errors import UsageError
from edgekit.core.records import Pruning
from edgekit.data.samples import Samples

Inputs = Mapping[str, np.ndarray]


def importance(pruning: Pruning, samples: Samples | None) -> str:
    """The importance to rank by: `auto` is `obs` with samples and `l1` without.

    Raises:
        UsageError: `taylor` or `obs` without samples.
    """
    if pruning.importance == "auto":
        return "l1" if samples is None else "obs"
    if pruning.importance in ("taylor", "obs") and samples is None:
        raise UsageError(
            f"The importance {pruning.importance} needs calibration samples.",
            received="no calibration samples",
            hint="pass --calibration DATA (some hundred samples, labels are not needed), or "
            "take the importance l1.",
        )
    return pruning.importance


def rank(
    graph: Graph,
    channels: Channels,
    chosen: Sequence[Group],
    by: str,
    inputs: Inputs | None,
    *,
    seed: int,
) -> dict[str, Ranking]:
    """The channels of each group, the first to go first.

    Args:
        graph: Of the model.
        channels: Of the model.
        chosen: The groups to rank.
        by: `l1`, `bn_scale`, `taylor` or `obs`.
        inputs: Samples by input name, for `taylor` and `obs`.
        seed: Draws positions and labels.
    """
    if by == "obs" and inputs is not None:
        return _obs(graph, channels, chosen, inputs, seed)
    if by == "taylor" and inputs is not None:
        tensors = sorted(_read(graph, channels, chosen))
        found = gradients.taylor(graph, inputs, tensors, seed=seed)
        return {
            group.name: scores.by_score(_by_channel(channels, group, found)) for group in chosen
        }
    return {
        group.name: scores.by_score(_of_weights(graph, channels, group, by)) for group in chosen
    }


def _place(channels: Channels, group: Group, tensor: int) -> np.ndarray:
    """Which channel of a group each position of a tensor's last axis is; -1 for others."""
    where = np.full(channels.count + 1, -1)
    where[group.atoms] = np.arange(group.width)
    return np.asarray(where[channels.atoms[tensor]])


def _of_weights(graph: Graph, channels: Channels, group: Group, by: str) -> np.ndarray:
    kernels, scales = [], []
    seen: set[int] = set()
    for node in graph.nodes:
        if id(node.operation) in seen or not node.outputs:
            continue
        seen.add(id(node.operation))
        place = _place(channels, group, node.outputs[0])
        if (place < 0).all():
            continue
        if least_squares.is_norm(node.operation) and node.operation.scale:
            scale = np.abs(np.asarray(node.operation.gamma, dtype=np.float64))
            scales.append(_gathered(scale, place, group.width))
        elif node.name in group.producers and getattr(node.operation, "kernel", None) is not None:
            kernels.append(_outputs_last(node, place, group.width))
    if by == "bn_scale" and scales:
        return np.asarray(np.sum(scales, axis=0))
    return scores.l1(kernels) if kernels else np.ones(group.width)


def _outputs_last(node: Node, place: np.ndarray, width: int) -> np.ndarray:
    """The weights that make each channel of a group, `(weights, width)`."""
    view = layer_weights.view(node.operation)
    if view is not None:
        flat = view.weights.transpose(1, 0, 2).reshape(view.weights.shape[1], -1)
    else:
        kernel = np.asarray(node.operation.kernel, dtype=np.float32)
        flat = kernel.reshape(-1, kernel.shape[-1])
    if flat.shape[1] != len(place):  # a layer that orders its outputs in a way of its own
        return np.ones((1, width))
    return np.stack([_gathered(np.abs(row), place, width) for row in flat])


def _gathered(values: np.ndarray, place: np.ndarray, width: int) -> np.ndarray:
    """Values by position, summed by channel."""
    there = place >= 0
    return np.bincount(place[there], weights=values[there], minlength=width)


def _linear_calls(graph: Graph) -> list[tuple[Node, Linear]]:
    found = []
    for node in graph.nodes:
        view = layer_weights.view(node.operation)
        if view is not None and view.kind != "depthwise":
            found.append((node, view))
    return found


def _read(graph: Graph, channels: Channels, chosen: Sequence[Group]) -> set[int]:
    """The tensors with channels of the groups that dense layers and convolutions read."""
    atoms = np.concatenate([group.atoms for group in chosen])
    return {
        node.inputs[0]
        for node, _ in _linear_calls(graph)
        if np.isin(channels.atoms[node.inputs[0]], atoms).any()
    }


def _by_channel(channels: Channels, group: Group, found: Mapping[int, np.ndarray]) -> np.ndarray:
    """Mean over samples of the absolute effect, summed over all tensors that are read.

    Args:
        channels: Of the model.
        group: The group.
        found: By tensor, `(samples, positions of the last axis)`.
    """
    total = np.zeros(group.width)
    for tensor, effects in found.items():
        place = _place(channels, group, tensor)
        there = place >= 0
        if there.any():
            table = np.zeros((len(place), group.width))
            table[np.flatnonzero(there), place[there]] = 1
            total += np.abs(effects @ table).mean(axis=0)
    return total


def _obs(
    graph: Graph, channels: Channels, chosen: Sequence[Group], inputs: Inputs, seed: int
) -> dict[str, Ranking]:
    rng = np.random.default_rng(seed)
    views = {id(node): view for node, view in _linear_calls(graph)}
    readers: dict[str, list[Reader]] = {group.name: [] for group in chosen}
    expected = dict.fromkeys(readers, 0)
    places: dict[tuple[int, str], np.ndarray] = {}
    for node, _ in _linear_calls(graph):
        for group in chosen:
            place = _place(channels, group, node.inputs[0])
            if (place >= 0).any():
                places[id(node), group.name] = place
                expected[group.name] += 1
    seen = dict.fromkeys(readers, 0)
    ranked: dict[str, Ranking] = {}
    for node, read in side_by_side.passing(graph, inputs):
        reading = [group for group in chosen if (id(node), group.name) in places]
        if not reading:
            continue
        view = views[id(node)]
        measured = statistics.measure(view, read[0], view, read[0], rng)
        if not least_squares.absorber(graph, node, view).centred:
            measured = measured.uncentred()
        for group in reading:
            place = places[id(node), group.name]
            readers[group.name].extend(_readers(view, measured.steady(), place))
            seen[group.name] += 1
            if seen[group.name] == expected[group.name]:  # its moments need not be held longer
                found = scores.obs(readers.pop(group.name), group.width, group.width - 1)
                ranked[group.name] = found
    for group in chosen:
        if group.name not in ranked:  # nothing that multiplies reads it
            score = _of_weights(graph, channels, group, "l1")
            ranked[group.name] = scores.by_score(score / score.sum())
    return ranked


def _readers(view: Linear, covariance: np.ndarray, place: np.ndarray) -> list[Reader]:
    """One reader for each group of a convolution; taps first within its inputs."""
    parts = place.reshape(len(view.weights), -1)
    return [
        Reader(weights=weights, moments=moments_, channels=np.tile(part, view.taps))
        for weights, moments_, part in zip(view.weights, covariance, parts, strict=True)
        if (part >= 0).any()
    ]
