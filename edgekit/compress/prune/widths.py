"""How many channels each group keeps: the same fraction everywhere, or where it costs least."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from edgekit.compress.prune.channel_groups import Group
from edgekit.compress.prune.costs import Costs
from edgekit.compress.prune.importance import Ranking
from edgekit.core import compression_rules
from edgekit.core.errors import UsageError
from edgekit.core.records import Pruning

Widths = dict[str, int]
"""By group, the channels that it keeps."""

# Sparsities that are tried for a target of size or MACs.
_STEPS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """How much goes: the fraction of the channels, or what is left of bytes or MACs at most."""

    kind: Literal["sparsity", "to_size", "to_macs"]
    value: float


def target(pruning: Pruning) -> Target:
    """The target that structured pruning is given.

    Raises:
        UsageError: One that makes no sense (see `compression_rules.check_pruning`), or a latency,
            which has to be measured.
    """
    compression_rules.check_pruning(pruning)
    if pruning.to_latency is not None:
        raise UsageError(
            "A latency target cannot be met by pruning once: files must be timed at several "
            "sparsities.",
            received=f"to_latency {pruning.to_latency:g}",
            hint="edgekit convert --prune structured --to-latency, or edgekit.convert.",
        )
    if pruning.to_size is not None:
        return Target(kind="to_size", value=pruning.to_size)
    if pruning.to_macs is not None:
        return Target(kind="to_macs", value=pruning.to_macs)
    assert pruning.sparsity is not None  # it has been checked that there is one
    return Target(kind="sparsity", value=pruning.sparsity)


def step(channels: int, round_to: int) -> int:
    """What the width of a group is a multiple of: `round_to`, halved until four fit into it.

    Examples:
        >>> [step(channels, 16) for channels in (256, 64, 32, 10, 3)]
        [16, 16, 8, 2, 1]
    """
    size = round_to
    while size > 1 and size > channels // 4:
        size //= 2
    return max(1, size)


def width(channels: int, sparsity: float, round_to: int) -> int:
    """The nearest width to `(1 - sparsity) * channels`: at least one step, at most all.

    Examples:
        >>> [width(channels, 0.5, 16) for channels in (256, 64, 40, 10, 3)]
        [128, 32, 24, 6, 2]
    """
    size = step(channels, round_to)
    wanted = math.floor((1 - sparsity) * channels / size + 0.5) * size
    return min(channels, max(size, wanted))


def uniform(
    chosen: Sequence[Group],
    rankings: Mapping[str, Ranking],
    costs: Costs,
    aim: Target,
    round_to: int,
) -> Widths:
    """The same sparsity in every group: the given one, or the least that reaches the target.

    Raises:
        UsageError: No sparsity reaches it.
    """

    def at(sparsity: float) -> Widths:
        return {group.name: width(group.width, sparsity, round_to) for group in chosen}

    if aim.kind == "sparsity":
        return at(aim.value)
    cost = _cost(costs, aim)
    dense = cost(costs.everything)

    def left(sparsity: float) -> float:
        return cost(mask(costs, chosen, rankings, at(sparsity))) / dense

    low, high = 0, _STEPS
    if left(1.0) > aim.value:
        raise UsageError(
            "The layers that may be pruned do not hold enough to reach the target.",
            received=f"{aim.kind} {aim.value:g}; with every group at its least width, "
            f"{left(1.0):.3g} is left",
            hint="ask for less, let more layers be pruned, or round to a smaller multiple.",
        )
    while high - low > 1:
        middle = (low + high) // 2
        if left(middle / _STEPS) > aim.value:
            low = middle
        else:
            high = middle
    return at(high / _STEPS)


def allotted(
    chosen: Sequence[Group],
    rankings: Mapping[str, Ranking],
    costs: Costs,
    aim: Target,
    round_to: int,
) -> Widths:
    """Widths that reach a target of size or MACs at the least error by the rankings.

    Greedy: the step that loses least for each byte or multiply-accumulate that it saves, again
    and again; then what is left of the target is given back where that gains most.

    Args:
        chosen: The groups, which reach the target at their least widths.
        rankings: By group, with costs that can be compared between groups.
        costs: Of the model.
        aim: The target.
        round_to: See `step`.
    """
    cost = _cost(costs, aim)
    limit = aim.value * cost(costs.everything)
    now = {group.name: group.width for group in chosen}

    def at(group: Group, width: int) -> tuple[int, float]:
        """What is left in all with another width of a group, and what more is lost."""
        left = cost(mask(costs, chosen, rankings, {**now, group.name: width}))
        lost = _lost(group, rankings, width) - _lost(group, rankings, now[group.name])
        return left, lost

    spent = cost(costs.everything)
    while spent > limit:
        steps = []
        for group in chosen:
            size = step(group.width, round_to)
            narrower = (now[group.name] - 1) // size * size
            if narrower >= size:
                left, lost = at(group, narrower)
                steps.append((lost / max(spent - left, 1), group.name, narrower, left))
        if not steps:
            break
        _, name, taken, spent = min(steps)
        now[name] = taken
    while True:
        steps = []
        for group in chosen:
            wider = min(group.width, now[group.name] + step(group.width, round_to))
            if wider > now[group.name]:
                left, lost = at(group, wider)
                if left <= limit:
                    steps.append((lost, group.name, wider, left))
        if not steps:
            return now
        _, name, taken, spent = min(steps)
        now[name] = taken


def mask(
    costs: Costs, chosen: Sequence[Group], rankings: Mapping[str, Ranking], widths: Widths
) -> np.ndarray:
    """By atom of the model, whether it stays: bool."""
    kept = costs.everything.copy()
    for group in chosen:
        kept[group.atoms] = False
        stays = rankings[group.name].kept(widths[group.name], group.width)
        kept[group.atoms[stays]] = True
    return kept


def _cost(costs: Costs, aim: Target) -> Callable[[np.ndarray], int]:
    return costs.weight_bytes if aim.kind == "to_size" else costs.macs


def _lost(group: Group, rankings: Mapping[str, Ranking], width: int) -> float:
    gone = group.width - width
    return float(rankings[group.name].cost[gone - 1]) if gone else 0.0
