"""Which channels of a group go first, and what their going costs.

Everything here is arithmetic on matrices: no model, no TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

# Relative to the mean of the moments' diagonal.
DAMPING = 1e-3
# Layers with more inputs are scored tap by tap: the full inverse would take minutes.
MOST_INPUTS = 1536


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Reader:
    """A matrix that reads channels of a group.

    Attributes:
        weights: `(inputs, outputs)`.
        moments: `(inputs, inputs)`, covariance of the inputs (second moments where no bias
            takes up a shift).
        channels: `(inputs,)`, which channel of the group each input belongs to; -1 for inputs
            from elsewhere. A channel has as many inputs as the kernel has taps.
    """

    weights: np.ndarray
    moments: np.ndarray
    channels: np.ndarray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Ranking:
    """In which order the channels of a group go.

    Attributes:
        order: All channels that could be removed, the first to go first.
        cost: As long: what has been lost once that many are gone. For `obs` the error of all
            readers' outputs, relative to their variance, after refitting; comparable between
            groups. For others a sum of scores, comparable within the group only.
    """

    order: np.ndarray
    cost: np.ndarray

    def kept(self, width: int, channels: int) -> np.ndarray:
        """The channels that stay, ascending, when `width` of `channels` do."""
        gone = np.zeros(channels, bool)
        gone[self.order[: channels - width]] = True
        return np.flatnonzero(~gone)


def by_score(scores: np.ndarray) -> Ranking:
    """The channels in ascending order of a score, ties by number."""
    order = np.argsort(scores, kind="stable")
    return Ranking(order=order, cost=np.cumsum(scores[order]))


def l1(kernels: Sequence[np.ndarray]) -> np.ndarray:
    """Sums of absolute weights by output channel, over all layers that write a group.

    Li et al., "Pruning Filters for Efficient ConvNets" (2017). Each layer's sums are divided by
    their mean, so that no layer of a group outweighs the others by its scale.

    Args:
        kernels: Each `(inputs, channels)`.
    """
    sums = [np.abs(kernel.astype(np.float64)).sum(axis=0) for kernel in kernels]
    scaled = [total / max(float(total.mean()), 1e-30) for total in sums]
    return np.asarray(np.sum(scaled, axis=0))


def obs(
    readers: Sequence[Reader],
    channels: int,
    most: int,
    damping: float = DAMPING,
    *,
    most_inputs: int = MOST_INPUTS,
) -> Ranking:
    """The order in which removing channels hurts least, with the rest refitted each time.

    The optimal brain surgeon (Hassibi and Stork, 1993) for blocks of inputs: with moments H,
    removing the inputs c of a layer with weights W and refitting all others raises its squared
    error by `tr(W_c' ([H^-1]_cc)^-1 W_c)`. Greedy: the channel whose removal is cheapest, summed
    over all readers, goes; weights and inverses are brought up to date; again.

    Args:
        readers: All matrices that read the group.
        channels: Of the group.
        most: Rank so many removals; the channels that stay longest are not ranked.
        damping: Added to the moments' diagonal, relative to its mean.
        most_inputs: Readers with more are scored tap by tap.
    """
    parts = [part for reader in readers for part in _parts(reader, most_inputs)]
    states = [_State(part, channels, damping) for part in parts]
    alive = np.ones(channels, bool)
    order: list[int] = []
    costs: list[float] = []
    spent = 0.0
    for _ in range(min(most, channels - 1)):
        cost = np.zeros(channels)
        for state in states:
            cost += state.costs(alive)
        cost[~alive] = np.inf
        chosen = int(np.argmin(cost))
        spent += float(max(cost[chosen], 0.0))
        for state in states:
            state.remove(chosen)
        alive[chosen] = False
        order.append(chosen)
        costs.append(spent)
    return Ranking(order=np.array(order, dtype=np.intp), cost=np.array(costs))


def _parts(reader: Reader, most_inputs: int) -> list[Reader]:
    """The reader, or one for each tap where it has very many inputs."""
    if len(reader.channels) <= most_inputs:
        return [reader]
    seen: dict[int, int] = {}
    taps = np.empty(len(reader.channels), np.intp)
    for i, channel in enumerate(reader.channels.tolist()):
        taps[i] = seen[channel] = seen.get(channel, -1) + 1
    parts = []
    for tap in range(int(taps[reader.channels >= 0].max(initial=-1)) + 1):
        at = np.flatnonzero((taps == tap) & (reader.channels >= 0))
        parts.append(
            Reader(
                weights=reader.weights[at],
                moments=reader.moments[np.ix_(at, at)],
                channels=reader.channels[at],
            )
        )
    return parts


class _State:
    """One reader's weights and inverse moments while channels go."""

    def __init__(self, reader: Reader, channels: int, damping: float) -> None:
        weights = reader.weights.astype(np.float64)
        moments = reader.moments.astype(np.float64)
        inputs = len(moments)
        variance = float(np.einsum("io,ij,jo->", weights, moments, weights, optimize=True))
        self.weights = weights / np.sqrt(max(variance, 1e-30))
        level = float(np.trace(moments)) / max(inputs, 1)
        damped = moments + (damping * level if level > 0 else 1.0) * np.eye(inputs)
        self.inverse = np.linalg.inv(damped)
        self.blocks = [np.flatnonzero(reader.channels == c) for c in range(channels)]
        by_size: dict[int, list[int]] = {}
        for channel, block in enumerate(self.blocks):
            by_size.setdefault(len(block), []).append(channel)
        self.classes = [
            (np.array(found), np.stack([self.blocks[c] for c in found]))
            for size, found in sorted(by_size.items())
            if size
        ]

    def costs(self, alive: np.ndarray) -> np.ndarray:
        """What the removal of each channel costs now; 0 for those that are not read."""
        cost = np.zeros(len(alive))
        for channels, blocks in self.classes:
            there = alive[channels]
            chosen, at = channels[there], blocks[there]
            weights = self.weights[at]
            within = self.inverse[at[:, :, None], at[:, None, :]]
            cost[chosen] = np.einsum("cio,cio->c", weights, np.linalg.solve(within, weights))
        return cost

    def remove(self, channel: int) -> None:
        """Set a channel's inputs to zero and let all others make up for it."""
        block = self.blocks[channel]
        if not len(block):
            return
        rows = self.inverse[block]
        within = self.inverse[np.ix_(block, block)]
        solved = np.linalg.solve(within, np.concatenate([self.weights[block], rows], axis=1))
        outputs = self.weights.shape[1]
        self.weights -= rows.T @ solved[:, :outputs]
        self.inverse -= rows.T @ solved[:, outputs:]
        self.weights[block] = 0
        # What is gone must not be found again by rounding errors of later updates.
        self.inverse[block] = 0
        self.inverse[:, block] = 0
        self.inverse[block, block] = 1
