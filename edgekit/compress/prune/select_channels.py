"""Which groups of channels a person means: by layers' names or regular expressions."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgekit.compress.prune.channel_groups import Channels, Group
from edgekit.compress.prune.layer_graph import Graph
from edgekit.core.errors import UsageError
from edgekit.core.suggest import nearest


def choose(
    graph: Graph, channels: Channels, *, layers: Sequence[str] = (), keep: Sequence[str] = ()
) -> tuple[Group, ...]:
    """The groups to prune, in their order.

    A selector is a layer's name, or a regular expression that matches whole names; layers of
    nested models go by their own name or by `outer/inner`. A group is meant where a layer is that
    gives its channels, such as a depthwise layer or an activation behind the one that makes
    them. Channels that must go together do so, also with layers that nobody named; a layer to
    keep keeps all of its group.

    Args:
        graph: The model's calls.
        channels: The model's channels.
        layers: The only layers to prune; all by default.
        keep: Layers to leave as they are; these win.

    Raises:
        UsageError: A selector matches no layer or is no regular expression; one of `layers`
            matches only layers of which no channel can be removed.
    """
    wanted = list(channels.groups)
    if layers:
        meant = [_groups(selector, graph, channels) for selector in layers]
        for selector, found in zip(layers, meant, strict=True):
            if not found:
                raise _nothing_to_remove(selector, graph, channels)
        wanted = [g for g in wanted if any(g in found for found in meant)]
    kept = [group for selector in keep for group in _groups(selector, graph, channels)]
    return tuple(group for group in wanted if group not in kept)


def matching(selector: str, names: Sequence[str]) -> tuple[str, ...]:
    """The names of layers (as in `Graph.layers`) that a selector matches.

    Raises:
        UsageError: None, or it is no regular expression.
    """
    try:
        pattern = re.compile(selector)
    except re.error as error:
        pattern = None
        reason = str(error)
    found = tuple(
        name
        for name in names
        if selector in (name, _own(name))
        or (pattern and (pattern.fullmatch(name) or pattern.fullmatch(_own(name))))
    )
    if not found and pattern is None:
        raise UsageError(
            "A selector must be a layer's name or a regular expression.",
            received=f"{selector!r}: {reason}",
            hint=r"write \. for a point, .* for anything.",
        )
    if not found:
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise UsageError(
            "The selector matches no layer of the model.",
            received=f"{selector!r}; the layers are {shown}",
            hint=nearest(selector, names),
        )
    return found


def _own(name: str) -> str:
    return name.rpartition("/")[2]


def _groups(selector: str, graph: Graph, channels: Channels) -> list[Group]:
    names = matching(selector, list(graph.layers))
    atoms = {
        atom
        for node in graph.nodes
        if node.name in names
        for tensor in node.outputs
        for atom in channels.atoms[tensor].tolist()
    }
    return [group for group in channels.groups if atoms & set(group.atoms.tolist())]


def _nothing_to_remove(selector: str, graph: Graph, channels: Channels) -> UsageError:
    names = matching(selector, list(graph.layers))
    reasons = [f"{s.layer}: {s.reason}" for s in channels.left_alone if s.layer in names]
    prunable = ", ".join(group.name for group in channels.groups[:6])
    return UsageError(
        "A layer to prune must have channels that can be removed.",
        received=f"{selector!r}, which matches {', '.join(names[:4])}"
        + (f" ({'; '.join(reasons[:2])})" if reasons else ", whose channels must stay"),
        hint=f"channels can be removed from {prunable}."
        if prunable
        else "no channel of this model can be removed; see --prune unstructured.",
    )
