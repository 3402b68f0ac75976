"""How often the gate's bootstrap is wrong, on quantities whose truth is known."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from benchmarks import results
from edgekit.verdicts import recompute
from edgekit.verdicts.bca import Statistic
from edgekit.verdicts.bootstrap import Bootstrapped
from edgekit.verdicts.evidence import LEVEL

SIZES = (50, 200, 1000)
RESAMPLES = 1000


@dataclass(frozen=True)
class Drawn:
    """One set of samples: the statistic, its true value, and what is drawn within."""

    statistic: Statistic
    truth: float
    strata: np.ndarray | None = None


def _mean(values: np.ndarray, truth: float) -> Drawn:
    parts = values[None]
    return Drawn(lambda rows: recompute.compute("mean", parts, rows), truth)


def mae_mild(n: int, rng: np.random.Generator) -> Drawn:
    """Errors of a normal distribution; the candidate's are another's, a tenth larger."""
    error = np.abs(rng.normal(size=n))
    other = 1.1 * np.abs(rng.normal(size=n))
    return _mean(other - error, 0.1 * math.sqrt(2 / math.pi))


def mae_skewed(n: int, rng: np.random.Generator) -> Drawn:
    """Losses that are the product of two exponential ones: a few samples carry most."""
    return _mean(0.05 * rng.exponential(size=n) * rng.exponential(size=n), 0.05)


def auc(n: int, rng: np.random.Generator) -> Drawn:
    """Two files' scores of the same samples, correlated 0.9, half of each class."""
    classes = np.repeat([0.0, 1.0], [n - n // 2, n // 2])
    score = rng.normal(size=n)
    other = 0.9 * score + math.sqrt(1 - 0.81) * rng.normal(size=n)
    reference = np.stack([score + 1.5 * classes, classes])
    candidate = np.stack([other + 1.4 * classes, classes])
    area = NormalDist(0, math.sqrt(2)).cdf

    def loss(rows: np.ndarray) -> np.ndarray:
        a, b = (recompute.compute("auc", parts, rows) for parts in (reference, candidate))
        return np.asarray(a - b)

    return Drawn(loss, area(1.5) - area(1.4), recompute.strata("auc", reference))


def sqnr(n: int, rng: np.random.Generator) -> Drawn:
    """Signals and noises that are skewed both, 20 dB apart."""
    signal = rng.exponential(size=n) + 0.5
    parts = np.stack([signal, 0.01 * rng.exponential(size=n) * signal])
    return Drawn(lambda rows: recompute.compute("sqnr_db", parts, rows), 20.0)


def rare(share: float) -> Callable[[int, np.random.Generator], Drawn]:
    """A loss of 0 but for a share of samples, which lose an amount of exponential distribution."""

    def draw(n: int, rng: np.random.Generator) -> Drawn:
        lost = (rng.random(n) < share) * rng.exponential(size=n)
        return _mean(lost, share)

    return draw


CASES: dict[str, Callable[[int, np.random.Generator], Drawn]] = {
    "MAE, normal errors": mae_mild,
    "MAE, very skewed losses": mae_skewed,
    "AUC, loss": auc,
    "SQNR": sqnr,
    "1 % of samples lose": rare(0.01),
    "4 % of samples lose": rare(0.04),
}


def coverage(runs: int) -> str:
    """How often a quantity is shown to be less, or more, than it is."""
    rng = np.random.default_rng(3)
    level = 1 - LEVEL
    rows = []
    for name, draw in CASES.items():
        for n in SIZES:
            below = above = same = 0
            count = runs if n < SIZES[-1] else runs // 2
            for seed in range(count):
                drawn = draw(n, rng)
                evidence = Bootstrapped.of(
                    drawn.statistic, n, strata=drawn.strata, seed=seed, resamples=RESAMPLES
                )
                constant = bool(evidence.draws[0] == evidence.draws[-1])
                same += constant
                below += not constant and evidence.p_below(drawn.truth) <= level
                above += not constant and evidence.p_above(drawn.truth) <= level
            shares = [f"{100 * found / count:.1f}" for found in (below, above, same)]
            rows.append([name, n, *shares])
    text = (
        f"**Other metrics, by bootstrap**: how often, in % of {runs} runs (half of that for n "
        f"{SIZES[-1]}, {RESAMPLES} draws each), a quantity is shown\nto be below or above its true "
        "value; 5 would be exact. The last column counts runs in which no sample differs:\nthese "
        "pass whatever the truth, since nothing tells them from equal files.\n\n"
    )
    heads = ("", "n", "shown below the truth", "shown above it", "no sample differs")
    return text + results.table(heads, rows)
