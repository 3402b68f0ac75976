"""Ways to prepare inputs, tried on labelled samples, and which of them is surely better."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.core.records import Contract, Metric, Preprocessing

# So many standard errors ahead of every other way; of right and wrong, McNemar's statistic.
_AHEAD = 3.0
_SHUFFLES = 20
# Of a mean of equal numbers.
_ROUNDING = 1e-6
# Labels of fewer samples tell little from chance.
_FEWEST = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One way that was tried: what it is called, and how right each of the samples was."""

    name: str
    preprocessing: Preprocessing
    right: tuple[float, ...]

    @property
    def share(self) -> float:
        """The fraction of samples that were right."""
        return float(np.mean(self.right))


def winner(trials: Sequence[Trial], contract: Contract) -> Trial | None:
    """The way that is right more often than every other by more than chance, else None."""
    if len(trials) < 2:
        return None
    best, *others = sorted(trials, key=lambda trial: -trial.share)
    chance = 1 / max(2, abs(contract.outputs[0].shape[-1]))
    error = math.sqrt(chance * (1 - chance) / len(best.right))
    if best.share < chance + _AHEAD * error:
        return None
    return best if all(is_ahead(best.right, other.right) for other in others) else None


def is_ahead(best: Sequence[float], other: Sequence[float], errors: float = _AHEAD) -> bool:
    """Whether samples are better by so many standard errors; in pairs, higher is better."""
    gain = np.subtract(best, other)
    return bool(gain.sum() > errors * math.sqrt(np.square(gain).sum()))


def beats_guessing(
    measured: Metric, again: Callable[[np.ndarray], Metric], count: int, *, varied: bool
) -> bool:
    """Whether a metric is better than with the labels shuffled, by more than chance.

    Args:
        measured: With the labels where they belong.
        again: The metric of the same outputs with the labels in the order of these indices.
        count: How many samples there are.

        varied: Whether the labels differ at all.

    Returns:
        True too where it cannot be told: few samples, or labels that are all alike.
    """
    if count < _FEWEST or not varied:
        return True
    rng = np.random.default_rng(0)
    sign = 1 if measured.better == "higher" else -1
    shuffled = [sign * again(rng.permutation(count)).value for _ in range(_SHUFFLES)]
    chance, spread = float(np.mean(shuffled)), float(np.std(shuffled))
    return sign * measured.value > chance + _AHEAD * spread + _ROUNDING * abs(chance)
