"""Which channels of a model can be removed, and which must go together.

The last axis of every tensor gets an array of atoms: the number of a channel that some layer
makes, or -1 for one that stays. Layers hand atoms on, repeat them (Flatten), put them side by
side (Concatenate) or unite those that meet (Add). So that a channel can be removed, every place
where its atom stands is removed with it. The idea of grouping coupled layers by their dependence
is that of DepGraph (Fang et al., 2023); atoms make it exact where channels are joined, split and
flattened.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.compress.prune.channel_atoms import Atoms
from edgekit.compress.prune.channel_rules import RULES, width
from edgekit.compress.prune.layer_graph import Graph, Node
from edgekit.compress.prune.layer_kinds import PRODUCERS, Kind, kind_of, mixing, objection, unknown
from edgekit.core.records import Skipped

# Without weights, but with numbers of channels in their configuration.
_SIZED: frozenset[str] = frozenset({"reshape", "split"})


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Group:
    """Channels among which some can be removed.

    Attributes:
        name: The first layer that makes them.
        atoms: One number for each removable channel, shape `(width,)`, ascending.
        producers: The layers that make them, in order of computation. A gate of
            squeeze-and-excite is among them.
        coupled: Whether an Add (or the like) unites the channels of several of them, as in
            residual streams: such channels are missed in many places.
    """

    name: str
    atoms: np.ndarray
    producers: tuple[str, ...]
    coupled: bool

    @property
    def width(self) -> int:
        """The number of removable channels."""
        return len(self.atoms)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Channels:
    """The channels of a whole model.

    Attributes:
        atoms: By tensor, the atom at each position of its last axis; -1 where it stays. Empty
            where the last axis is of unknown size or is the batch.
        count: The number of atoms: what a `kept` array is long.
        groups: In order of the first layer that makes them.
        left_alone: Layers that keep channels from being removed, and why.
    """

    atoms: Mapping[int, np.ndarray]
    count: int
    groups: tuple[Group, ...]
    left_alone: tuple[Skipped, ...]

    def everything(self) -> np.ndarray:
        """A `kept` that removes nothing: bool, shape `(count,)`."""
        return np.ones(self.count, dtype=bool)

    def mask(self, tensor: int, kept: np.ndarray) -> np.ndarray:
        """The positions of a tensor's last axis that stay: bool, as long as the axis.

        Args:
            tensor: A tensor of the graph.
            kept: By atom, whether it stays.
        """
        atoms = self.atoms[tensor]
        mask: np.ndarray = atoms < 0
        mask[~mask] = kept[atoms[~mask]]
        return mask


def find(graph: Graph) -> Channels:
    """The channels of a model, as they depend on each other.

    Args:
        graph: What `layer_graph.walk` made of the model.
    """
    search = _Search(graph)
    for node in graph.nodes:
        search.visit(node)
    search.share_inputs()
    # What goes in and comes out belongs to whoever uses the model.
    for tensor in (*graph.inputs.values(), *graph.outputs):
        search.atoms.fix(search.by_tensor[tensor])
    return search.result()


@dataclass(frozen=True, slots=True, eq=False)
class _Stop:
    """Something that freezes atoms, to be told if nothing else freezes them anyway."""

    node: Node
    reason: str
    atoms: np.ndarray


class _Search:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.atoms = Atoms()
        self.by_tensor: dict[int, np.ndarray] = {
            tensor: np.full(width(graph, tensor), -1) for tensor in graph.inputs.values()
        }
        self.made: list[tuple[Node, np.ndarray]] = []
        self.stops: list[_Stop] = []
        self.first_calls: dict[int, Node] = {}

    def visit(self, node: Node) -> None:
        read = [self.by_tensor[tensor] for tensor in node.inputs]
        kind = kind_of(node.operation)
        given: list[np.ndarray] | str = unknown(node.operation)
        if kind is not None:
            given = objection(node, kind) or RULES[kind](self.atoms, self.graph, node, read)
        if isinstance(given, str) or not self._fits(node, given):
            reason = given if isinstance(given, str) else "what it gives has an unexpected width"
            given = self._leave_alone(node, read, kind, reason)
        elif kind in PRODUCERS:
            self.made.append((node, given[0]))
            if mixed := mixing(node.operation):
                self._stop(node, mixed, given[0])
        self.by_tensor.update(zip(node.outputs, given, strict=True))
        self._share(node, kind)

    def _fits(self, node: Node, given: list[np.ndarray]) -> bool:
        return [len(atoms) for atoms in given] == [width(self.graph, t) for t in node.outputs]

    def _leave_alone(
        self, node: Node, read: list[np.ndarray], kind: Kind | None, reason: str
    ) -> list[np.ndarray]:
        weights = bool(getattr(node.operation, "weights", ()))
        sizes = [width(self.graph, tensor) for tensor in node.outputs]
        if all(self.atoms.is_fixed(atoms) for atoms in read) and kind not in PRODUCERS:
            if not weights or kind is not None or _is_normalization(node.operation):
                return [np.full(size, -1) for size in sizes]
        given = [self.atoms.new(size) for size in sizes]
        if not weights and len(read) == len(given) == 1 and len(read[0]) == sizes[0]:
            # Position by position as far as anybody sees: at the edge of the model if one is.
            self.atoms.unite(read[0], given[0])
        touched = np.concatenate([*read, *given])
        self._stop(node, reason, touched)
        return given

    def _stop(self, node: Node, reason: str, atoms: np.ndarray) -> None:
        self.atoms.freeze(atoms)
        self.stops.append(_Stop(node, reason, atoms))

    def _share(self, node: Node, kind: Kind | None) -> None:
        """What has weights keeps one set of them, however often it is called."""
        if not (getattr(node.operation, "weights", ()) or kind in _SIZED):
            return
        first = self.first_calls.setdefault(id(node.operation), node)
        if first is node:
            return
        for mine, its in zip(
            (*node.inputs, *node.outputs), (*first.inputs, *first.outputs), strict=False
        ):
            self._same(node, self.by_tensor[mine], self.by_tensor[its])

    def _same(self, node: Node, one: np.ndarray, other: np.ndarray) -> None:
        if len(one) == len(other):
            self.atoms.unite(one, other)
            return
        both = np.concatenate([one, other])
        self._stop(node, "it is called on tensors of different widths", both)

    def share_inputs(self) -> None:
        """A nested model has one width of input, however often it is called."""
        for nested in self.graph.nested:
            first = nested.calls[0]
            for call in nested.calls[1:]:
                for mine, its in zip(call, first, strict=True):
                    if len(self.by_tensor[mine]) == len(self.by_tensor[its]):
                        self.atoms.unite(self.by_tensor[mine], self.by_tensor[its])
                    else:
                        self.atoms.freeze(self.by_tensor[mine])
                        self.atoms.freeze(self.by_tensor[its])

    def result(self) -> Channels:
        by_tensor = {tensor: self.atoms.roots(atoms) for tensor, atoms in self.by_tensor.items()}
        made = [(node, self.atoms.roots(atoms)) for node, atoms in self.made]
        makes = {root for _, roots in made for root in roots.tolist()}
        free = sorted(
            root for root in makes if not (self.atoms.frozen[root] or self.atoms.at_edge[root])
        )
        # One more number, for -1 and for what is frozen, at the end: index -1 finds it.
        number = np.full(self.atoms.new(1)[0] + 1, -1)
        number[free] = np.arange(len(free))
        numbered = {tensor: number[roots] for tensor, roots in by_tensor.items()}
        return Channels(
            atoms=numbered,
            count=len(free),
            groups=self._groups([(node, number[roots]) for node, roots in made], free),
            left_alone=self._left_alone(makes),
        )

    def _groups(self, made: list[tuple[Node, np.ndarray]], free: list[int]) -> tuple[Group, ...]:
        """Layers that have an atom in common make one group."""
        families: list[tuple[dict[str, None], set[int]]] = []
        for node, one in made:
            atoms = {atom for atom in one.tolist() if atom >= 0}
            if not atoms:
                continue
            names = {node.name: None}
            joined = [family for family in families if family[1] & atoms]
            if joined:
                target = joined[0]
                for other in joined[1:]:
                    target[0].update(other[0])
                    target[1].update(other[1])
                    families.remove(other)
                target[0].update(names)
                target[1].update(atoms)
            else:
                families.append((names, atoms))
        return tuple(
            Group(
                name=next(iter(names)),
                atoms=np.asarray(sorted(atoms)),
                producers=tuple(names),
                coupled=any(self.atoms.tied[free[atom]] for atom in atoms),
            )
            for names, atoms in families
        )

    def _left_alone(self, makes: set[int]) -> tuple[Skipped, ...]:
        skipped_by_layer: dict[str, Skipped] = {}
        for stop in self.stops:
            roots = [root for root in set(self.atoms.roots(stop.atoms).tolist()) if root >= 0]
            matter = [root for root in roots if not self.atoms.at_edge[root]]
            operation = stop.node.operation
            if any(root in makes for root in matter) or (
                matter and getattr(operation, "weights", None)
            ):
                skipped = Skipped(
                    layer=stop.node.name, operator=type(operation).__name__, reason=stop.reason
                )
                skipped_by_layer.setdefault(stop.node.name, skipped)
        return tuple(skipped_by_layer.values())


def _is_normalization(operation: Any) -> bool:
    """A layer that prepares the model's inputs; its weights are statistics."""
    return type(operation).__name__ == "Normalization"
