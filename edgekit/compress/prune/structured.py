"""Removing channels: how many of each group, which ones, and repairing what stays."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.compress.prune import (
    channel_groups,
    holdout,
    least_squares,
    ranking,
    rebuild_narrower,
    select_channels,
    side_by_side,
)
from edgekit.compress.prune import (
    costs as macs,
)
from edgekit.compress.prune import layer_graph as graphs
from edgekit.compress.prune import widths as sizes
from edgekit.compress.prune.channel_groups import Channels, Group
from edgekit.compress.prune.importance import Ranking
from edgekit.compress.prune.layer_graph import Graph, Node
from edgekit.compress.prune.prune_result import LayerChange, Pruned
from edgekit.core.errors import ModelError, UsageError
from edgekit.core.records import Pruning
from edgekit.data.samples import Samples

Report = Callable[[str], None]

_NORMS = ", norms measured anew instead"
_FITTED_NORMS = ", norms measured anew"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Plan:
    """What every candidate shares."""

    model: Any
    graph: Graph
    channels: Channels
    chosen: tuple[Group, ...]
    costs: macs.Costs
    seed: int

    def without(self, kept: np.ndarray) -> Any:
        """The model without the channels that are not kept."""
        return rebuild_narrower.remove(self.model, self.graph, self.channels, kept)

    def kept(self, mask: np.ndarray) -> least_squares.Kept:
        """Which channels of a call's first input and first output stay."""

        def both(node: Node) -> tuple[np.ndarray, np.ndarray]:
            read = self.channels.mask(node.inputs[0], mask)
            given = self.channels.mask(node.outputs[0], mask)
            return np.flatnonzero(read), np.flatnonzero(given)

        return both


def prune(
    model: Any, pruning: Pruning, samples: Samples | None, *, seed: int, report: Report
) -> Pruned:
    """A smaller model, without a fraction of its channels.

    Without samples the channels with the smallest weights go. With samples those go whose loss
    the others can best make up for, and every layer behind them is fitted anew to what the
    original computes. What is left open is judged on a fifth of the samples, held out: whether
    batch normalizations are measured anew and, for a target of size or MACs, whether all groups
    give up the same fraction or each what it can spare, with or without the residual streams.

    Args:
        model: Keras 3, Functional or Sequential; it is not changed.
        pruning: One of `sparsity`, `to_size` and `to_macs`; `importance`, `round_to`, `layers`,
            `keep`. Without `reconstruct` samples choose, and nothing is fitted anew.
        samples: Inputs to calibrate on; labels are not used.
        seed: Of everything that is drawn.
        report: Told what is going on, a line at a time.

    Raises:
        UsageError: Not exactly one target, one out of range or out of reach; an importance that
            needs samples without any; a layer's name that matches nothing.
        ModelError: The model cannot be walked, or none of its channels can be removed.
        DataError: Samples that are not finite, or lack an input.
    """
    target = sizes.target(pruning)
    importance = ranking.importance(pruning, samples)
    plan = _plan(model, pruning, seed)
    if samples is None or not pruning.reconstruct:
        report(f"choosing channels by {importance}")
        inputs = None
        if samples is not None:
            most = side_by_side.affordable(plan.graph, len(samples), 5)
            inputs = holdout.divided(plan.graph, samples, most, np.random.default_rng(seed)).whole
        ranked = ranking.rank(plan.graph, plan.channels, plan.chosen, importance, inputs, seed=seed)
        width = sizes.uniform(plan.chosen, ranked, plan.costs, target, pruning.round_to)
        mask = sizes.mask(plan.costs, plan.chosen, ranked, width)
        return _result(plan, plan.without(mask), mask, {})
    return _calibrated(plan, pruning, samples, importance, target, report)


def _plan(model: Any, pruning: Pruning, seed: int) -> _Plan:
    graph = graphs.walk(model)
    channels = channel_groups.find(graph)
    chosen = select_channels.choose(graph, channels, layers=pruning.layers, keep=pruning.keep)
    if not chosen:
        reasons = "; ".join(f"{s.layer}: {s.reason}" for s in channels.left_alone[:6])
        raise ModelError(
            "The model has no layer whose channels can be removed.",
            received=reasons or "none, or none that is not to be kept",
            hint="--prune unstructured sets single weights to zero.",
        )
    costs = macs.count(graph, channels)
    return _Plan(model=model, graph=graph, channels=channels, chosen=chosen, costs=costs, seed=seed)


def _calibrated(
    plan: _Plan,
    pruning: Pruning,
    samples: Samples,
    importance: str,
    target: sizes.Target,
    report: Report,
) -> Pruned:
    rng = np.random.default_rng(plan.seed)
    most = side_by_side.affordable(plan.graph, len(samples), 5)
    parts = holdout.divided(plan.graph, samples, most, rng)
    report(f"choosing channels by {importance}")
    ranked = ranking.rank(
        plan.graph, plan.channels, plan.chosen, importance, parts.fit, seed=plan.seed
    )
    masks = _masks(plan, ranked, pruning, importance, target)
    report("fitting what stays")
    models, repairs = {}, []
    for name, mask in masks.items():
        models[name] = plan.without(mask)
        repairs.append(_refit(plan, models[name], mask))
    side_by_side.repair(plan.graph, repairs, parts.fit)
    reference = holdout.outputs(plan.graph, parts.hold)

    def error(candidate: Any) -> float:
        return holdout.distance(reference, holdout.outputs(graphs.walk(candidate), parts.hold))

    tried = {name: error(candidate) for name, candidate in models.items()}
    best = min(tried, key=lambda name: tried[name])
    mask = masks[best]
    # Beside the fitted one: norms measured anew, behind the fit and in its place.
    both, only = models[best], plan.without(mask)
    side_by_side.repair(
        plan.graph, [_renorm(plan, both, mask), _renorm(plan, only, mask)], parts.fit
    )
    tried[best + _FITTED_NORMS], tried[best + _NORMS] = error(both), error(only)
    taken = min(tried, key=lambda name: tried[name])
    report(f"{taken}: taken, and done once more with all samples")
    last = plan.without(mask)
    if taken != best + _NORMS:
        side_by_side.repair(plan.graph, [_refit(plan, last, mask)], parts.whole)
    if taken != best:
        side_by_side.repair(plan.graph, [_renorm(plan, last, mask)], parts.whole)
    return _result(plan, last, mask, tried)


def _masks(
    plan: _Plan,
    ranked: Mapping[str, Ranking],
    pruning: Pruning,
    importance: str,
    target: sizes.Target,
) -> dict[str, np.ndarray]:
    """The candidates: which atoms stay.

    A sparsity is meant for every group. A target of size or MACs leaves open where it is
    reached: groups may give up different fractions, and residual streams, which are missed in
    many places, none at all.
    """
    choices = {"": plan.chosen}
    inner = tuple(group for group in plan.chosen if not group.coupled)
    if target.kind != "sparsity" and 0 < len(inner) < len(plan.chosen):
        choices[", residual streams whole"] = inner
    masks: dict[str, np.ndarray] = {}
    refused: UsageError | None = None
    for suffix, chosen in choices.items():
        try:
            uniform = sizes.uniform(chosen, ranked, plan.costs, target, pruning.round_to)
        except UsageError as error:
            refused = refused or error
            continue
        masks["uniform" + suffix] = sizes.mask(plan.costs, chosen, ranked, uniform)
        if importance == "obs" and len(chosen) > 1 and target.kind != "sparsity":
            allotted = sizes.allotted(chosen, ranked, plan.costs, target, pruning.round_to)
            masks["allotted" + suffix] = sizes.mask(plan.costs, chosen, ranked, allotted)
    if not masks:
        assert refused is not None
        raise refused
    return masks


def _refit(plan: _Plan, smaller: Any, mask: np.ndarray) -> least_squares.Refit:
    new = graphs.walk(smaller)
    return least_squares.Refit(plan.graph, new, plan.kept(mask), seed=plan.seed)


def _renorm(plan: _Plan, smaller: Any, mask: np.ndarray) -> least_squares.Renorm:
    return least_squares.Renorm(plan.graph, graphs.walk(smaller), plan.kept(mask))


def _result(plan: _Plan, smaller: Any, mask: np.ndarray, tried: Mapping[str, float]) -> Pruned:
    old, new = plan.graph.layers, graphs.walk(smaller).layers
    changes = []
    for name, layer in old.items():
        kernel = getattr(layer, "kernel", None)
        if kernel is None or name not in new:
            continue
        outputs = next(n.outputs[0] for n in plan.graph.nodes if n.name == name)
        kept = plan.channels.mask(outputs, mask)
        width = (len(kept), int(kept.sum()))
        if tuple(kernel.shape) != tuple(new[name].kernel.shape):
            zeros = (_zeros(layer), _zeros(new[name]))
            changes.append(LayerChange(name=name, width=width, zeros=zeros))
    total = sum(group.width for group in plan.chosen)
    stay = sum(int(mask[group.atoms].sum()) for group in plan.chosen)
    left_alone = [(skipped.layer, skipped.reason) for skipped in plan.channels.left_alone]
    notes = []
    if stay == total:
        notes.append("Nothing was removed: every width rounds to what it was.")
    return Pruned(
        model=smaller,
        sparsity=1 - stay / total,
        parameters=(plan.model.count_params(), smaller.count_params()),
        macs=(plan.costs.macs(), plan.costs.macs(mask)),
        layers=tuple(changes),
        left_alone=tuple(left_alone),
        notes=tuple(notes),
        tried=dict(tried),
    )


def _zeros(layer: Any) -> float:
    kernel = np.asarray(layer.kernel)
    return float(1 - np.count_nonzero(kernel) / max(1, kernel.size))
