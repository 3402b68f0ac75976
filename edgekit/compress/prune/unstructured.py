"""Setting single weights to zero: by magnitude, or chosen and made up for with samples.

The file stays as large and as fast as it was; what gets smaller is its compressed download.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from edgekit.compress.prune import (
    channel_groups,
    costs,
    holdout,
    layer_weights,
    least_squares,
    reconstruct,
    select_channels,
    side_by_side,
    statistics,
)
from edgekit.compress.prune import layer_graph as graphs
from edgekit.compress.prune.layer_graph import Graph, Node
from edgekit.compress.prune.layer_weights import Linear
from edgekit.compress.prune.prune_result import LayerChange, Pruned
from edgekit.core import compression_rules
from edgekit.core.errors import ModelError
from edgekit.core.records import Pruning
from edgekit.data.samples import Samples

Report = Callable[[str], None]

FEWEST_WEIGHTS = 512
"""Smaller kernels stay dense: nothing is gained, and each of their weights matters."""
_MAGNITUDE = "magnitude, norms measured anew"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Plan:
    """What every candidate shares.

    Attributes:
        graph: Of the original model.
        layers: The layers to prune, by name, as they are in the original.
        sparsity: Of all their weights together.
        pattern: `(stay, of)`, or None.
        seed: Draws positions.
    """

    graph: Graph
    layers: Mapping[str, Linear]
    sparsity: float
    pattern: tuple[int, int] | None
    seed: int

    def uniform(self) -> dict[str, int]:
        """The same sparsity in each layer, as a number of weights that go."""
        return {n: round(self.sparsity * v.weights.size) for n, v in self.layers.items()}

    def mask(self, view: Linear, scores: np.ndarray, count: int) -> np.ndarray:
        """Which weights of a layer stay, by scores `(groups, inputs, outputs)`."""
        if self.pattern is None:
            return reconstruct.smallest_out(scores, count)
        return np.stack([reconstruct.pattern_mask(s, view.taps, *self.pattern) for s in scores])


def prune(
    model: Any, pruning: Pruning, samples: Samples | None, *, seed: int, report: Report
) -> Pruned:
    """A copy of a model with a fraction of its weights set to zero.

    By magnitude: the smallest weights of each layer go, the same fraction in each. With samples
    (and `pruning.reconstruct`) also: those whose loss the others can best make up for go, more
    of them where that hurts less, and the rest is solved for, layer after layer, so that each
    gives what the original gave. Of the candidates the one is taken whose outputs on a fifth of
    the samples, held out, are nearest to the original's.

    Args:
        model: Keras 3, Functional or Sequential.
        pruning: `sparsity` or `pattern`, `layers`, `keep`, `reconstruct`.
        samples: Inputs to calibrate on; labels are not used.
        seed: Of everything that is drawn.
        report: Told what is going on, a line at a time.

    Raises:
        UsageError: No sparsity, or one out of range; a pattern that is none; a layer's name that
            matches nothing.
        ModelError: The model cannot be walked, or has no layer to prune.
        DataError: Samples that are not finite, or lack an input.
    """
    compression_rules.check_pruning(pruning)
    pattern = compression_rules.parse_pattern(pruning.pattern)
    sparsity = pruning.sparsity if pattern is None else 1 - pattern[0] / pattern[1]
    assert sparsity is not None  # it has been checked
    graph = graphs.walk(model)
    layers, left_alone = _prunable(graph, pruning, pattern)
    plan = _Plan(graph=graph, layers=layers, sparsity=sparsity, pattern=pattern, seed=seed)
    tried: dict[str, float] = {}
    if samples is None or not pruning.reconstruct:
        report("pruning by magnitude")
        chosen, masks = _magnitude(model, plan)
    else:
        chosen, masks, tried = _calibrated(model, plan, samples, report)
    return _result(model, chosen, plan, masks, left_alone, tried)


def _prunable(
    graph: Graph, pruning: Pruning, pattern: tuple[int, int] | None
) -> tuple[dict[str, Linear], list[tuple[str, str]]]:
    refused = _refused(graph, pruning)
    layers, left_alone = {}, []
    for name, layer in graph.layers.items():
        if not layer.weights or least_squares.is_norm(layer):
            continue
        view = layer_weights.view(layer)
        reason = refused.get(name) or _reason(layer, view, pattern)
        if reason is None and view is not None:
            layers[name] = view
        elif reason is not None:
            left_alone.append((name, reason))
    if not layers:
        raise ModelError(
            "The model has no layer whose weights can be pruned.",
            received="; ".join(f"{name}: {reason}" for name, reason in left_alone) or "none",
        )
    return layers, left_alone


def _refused(graph: Graph, pruning: Pruning) -> dict[str, str]:
    names = list(graph.layers)
    only = {
        name for selector in pruning.layers for name in select_channels.matching(selector, names)
    }
    kept = {name for selector in pruning.keep for name in select_channels.matching(selector, names)}
    refused = {}
    for name in names:
        if name in kept:
            refused[name] = "it is among the layers to keep"
        elif pruning.layers and name not in only:
            refused[name] = "it is not among the layers to prune"
    return refused


def _reason(layer: Any, view: Linear | None, pattern: tuple[int, int] | None) -> str | None:
    if view is None:
        return f"a {type(layer).__name__} is neither a dense layer nor a convolution"
    if view.kind == "depthwise":
        return "a depthwise kernel has too few weights for each output"
    if view.weights.size < FEWEST_WEIGHTS:
        return f"its kernel has {view.weights.size} weights, fewer than {FEWEST_WEIGHTS}"
    if pattern is not None and view.channels % pattern[1]:
        return f"its {view.channels} input channels are not a multiple of {pattern[1]}"
    return None


def copy(model: Any) -> Any:
    """The same model with weights of its own."""
    import keras

    result = keras.models.clone_model(model)
    result.set_weights(model.get_weights())
    return result


def _magnitude(model: Any, plan: _Plan) -> tuple[Any, dict[str, np.ndarray]]:
    pruned, masks = copy(model), {}
    counts = plan.uniform()
    layers = graphs.walk(pruned).layers
    for name in plan.layers:
        view = layer_weights.view(layers[name])
        assert view is not None
        masks[name] = plan.mask(view, np.abs(view.weights), counts[name])
        view.store(view.weights * masks[name])
    return pruned, masks


def _calibrated(
    model: Any, plan: _Plan, samples: Samples, report: Report
) -> tuple[Any, dict[str, np.ndarray], dict[str, float]]:
    rng = np.random.default_rng(plan.seed)
    most = side_by_side.affordable(plan.graph, len(samples), 4)
    parts = holdout.divided(plan.graph, samples, most, rng)
    allotments = {"uniform": plan.uniform()}
    if plan.pattern is None and len(plan.layers) > 1:
        report("measuring how much each layer can lose")
        allotments["allotted"] = _allotted(plan, parts.fit)
    report("choosing weights layer by layer, each to make up for those before")
    models: dict[str, Any] = {}
    repairs: list[side_by_side.Repair] = []
    for name, counts in allotments.items():
        models[name] = copy(model)
        repairs.append(_Reconstruct(graphs.walk(models[name]), plan, counts))
    models[_MAGNITUDE], _ = _magnitude(model, plan)
    repairs.append(_renorm(plan, models[_MAGNITUDE]))
    side_by_side.repair(plan.graph, repairs, parts.fit)
    reference = holdout.outputs(plan.graph, parts.hold)
    tried = {
        name: holdout.distance(reference, holdout.outputs(graphs.walk(candidate), parts.hold))
        for name, candidate in models.items()
    }
    best = min(tried, key=lambda name: tried[name])
    report(f"{best} is taken, and fitted once more to all samples")
    if best == _MAGNITUDE:
        pruned, masks = _magnitude(model, plan)
        side_by_side.repair(plan.graph, [_renorm(plan, pruned)], parts.whole)
        return pruned, masks, tried
    pruned = copy(model)
    last = _Reconstruct(graphs.walk(pruned), plan, allotments[best])
    side_by_side.repair(plan.graph, [last], parts.whole)
    return pruned, last.masks, tried


def _renorm(plan: _Plan, pruned: Any) -> least_squares.Renorm:
    return least_squares.Renorm(plan.graph, graphs.walk(pruned), least_squares.all_kept(plan.graph))


def _allotted(plan: _Plan, inputs: Mapping[str, np.ndarray]) -> dict[str, int]:
    rng = np.random.default_rng(plan.seed)
    sums: dict[str, np.ndarray] = {}
    for node, read in side_by_side.passing(plan.graph, inputs):
        view = plan.layers.get(node.name)
        if view is None or node.name in sums:
            continue
        measured = statistics.measure(view, read[0], view, read[0], rng)
        if not least_squares.absorber(plan.graph, node, view).centred:
            measured = measured.uncentred()
        curves = [
            reconstruct.curve(weights, reconstruct.damped(covariance, least_squares.RIDGE), rng)
            for weights, covariance in zip(view.weights, measured.shrunk_covariance(), strict=True)
        ]
        sums[node.name] = np.mean(curves, axis=0)
    sizes = {name: view.weights.size for name, view in plan.layers.items()}
    return reconstruct.allot(sums, sizes, plan.sparsity)


class _Reconstruct:
    """Prunes layer after layer: what each reads comes from those before, pruned already."""

    def __init__(self, new: Graph, plan: _Plan, counts: Mapping[str, int]) -> None:
        self.graph = new
        self.masks: dict[str, np.ndarray] = {}
        self._plan, self._counts = plan, counts
        self._rng = np.random.default_rng(plan.seed)

    def visit(
        self, old: Node, read: list[np.ndarray], new: Node, read_new: list[np.ndarray]
    ) -> None:
        before = self._plan.layers.get(old.name)
        if before is None or old.name in self.masks:
            return
        view = layer_weights.view(new.operation)
        assert view is not None
        count = self._counts[old.name]
        if len(self.graph.calls(new.operation)) > 1:
            # Read in several places: no one place tells what its weights are for.
            mask = self._plan.mask(view, np.abs(view.weights), count)
            view.store(view.weights * mask)
            self.masks[old.name] = mask
            return
        measured = statistics.measure(before, read[0], view, read_new[0], self._rng)
        taker = least_squares.absorber(self.graph, new, view)
        if not taker.centred:
            measured = measured.uncentred()
        wanted = before.weights.astype(np.float64)
        if measured.rows >= least_squares.ROWS_PER_INPUT * before.weights.shape[1]:
            wanted = least_squares.least_squares(wanted, wanted, measured)
        damped = [reconstruct.damped(c, least_squares.RIDGE) for c in measured.shrunk_covariance()]
        each = list(zip(wanted, damped, strict=True))
        scores = np.stack([reconstruct.saliency(w, m) for w, m in each])
        mask = self._plan.mask(view, scores, count)
        solved = np.stack(
            [reconstruct.on_mask(w, m, k) for (w, m), k in zip(each, mask, strict=True)]
        )
        taker.add(least_squares.shift(measured, before.weights, solved), solved)
        self.masks[old.name] = mask


def _result(
    model: Any,
    chosen: Any,
    plan: _Plan,
    masks: Mapping[str, np.ndarray],
    left_alone: list[tuple[str, str]],
    tried: Mapping[str, float],
) -> Pruned:
    layers = graphs.walk(chosen).layers
    changes, stored, gone, total = [], {}, 0, 0
    for name, old in plan.layers.items():
        mask = masks[name]
        gone += int(mask.size - np.count_nonzero(mask))
        total += mask.size
        outputs = mask.shape[0] * mask.shape[2]
        view = layer_weights.view(layers[name])
        assert view is not None
        zeros = (_zeros(old.weights), _zeros(view.weights))
        changes.append(LayerChange(name=name, width=(outputs, outputs), zeros=zeros))
        stored[name] = old.as_kernel(mask)
    notes = ["Only a compressed download gets smaller: the file and its latency stay as they were."]
    if left_alone:
        names = ", ".join(name for name, _ in left_alone)
        notes.append(f"These layers stay dense: {names}.")
    count = costs.count(plan.graph, channel_groups.find(plan.graph)).macs()
    return Pruned(
        model=chosen,
        sparsity=gone / total,
        parameters=(model.count_params(), chosen.count_params()),
        macs=(count, count),
        layers=tuple(changes),
        left_alone=tuple(left_alone),
        notes=tuple(notes),
        masks=stored,
        tried=dict(tried),
    )


def _zeros(weights: np.ndarray) -> float:
    return float(1 - np.count_nonzero(weights) / weights.size)
