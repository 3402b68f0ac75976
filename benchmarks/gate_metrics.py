"""What the gate's verdicts on tags, masks, detections and two heads are worth: the truth is known.

`python benchmarks/gate.py --metrics`

Populations are made in the likeness of the corpus: tags as rare and scores as far apart as those of
`tagger_debtags`, masks as uneven as those of `segmenter_unet_shapes`, images with as many objects
as those of `detector_yolo_digits`. A candidate's scores are the reference's with the noise of a
quantization, and now and then it loses an object. The metric of a whole population is the truth;
samples drawn from it are what the gate sees.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

if __package__ in (None, ""):
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # processes share the cores instead

import numpy as np

from benchmarks import results
from edgekit.verdicts import recompute
from edgekit.verdicts.bootstrap import Bootstrapped
from edgekit.verdicts.evidence import LEVEL

SECTION = "The gate: tags, masks, detections, two heads"
SIZES = (50, 100, 200, 500, 1000)
RESAMPLES = 1000
ALPHA = 1 - LEVEL
_POPULATION = 40_000
_JOBS, _PIECES = 2, 8
_TAGS, _CLASSES, _DIGITS = 24, 4, 10
_PIXELS = 4096


@dataclass(frozen=True, eq=False)
class Population:
    """Two files on very many samples.

    Attributes:
        statistic: Of `verdicts.recompute`.
        reference: Its parts `(columns, n)` of the one.
        candidate: Of the other.
    """

    statistic: str
    reference: np.ndarray
    candidate: np.ndarray

    @property
    def loss(self) -> float:
        """What the candidate truly loses."""
        n = self.reference.shape[1]
        return float(self._lost(np.arange(n))(np.arange(n)[None])[0])

    def evidence(self, sample: np.ndarray, seed: int) -> Bootstrapped:
        """What the gate makes of some samples, as `verdicts.comparison.loss` does."""
        groups = recompute.strata(self.statistic, self.candidate[:, sample])
        return Bootstrapped.of(
            self._lost(sample), len(sample), strata=groups, seed=seed, resamples=RESAMPLES, hope=0.0
        )

    def _lost(self, sample: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
        before, after = self.reference[:, sample], self.candidate[:, sample]

        def lost(rows: np.ndarray) -> np.ndarray:
            a, b = (recompute.compute(self.statistic, parts, rows) for parts in (before, after))
            return np.asarray(a - b)

        return lost


Maker = Callable[[np.random.Generator, np.ndarray], Population]
"""From a generator, and how hard each sample is `(n,)`."""


def _scores(
    harm: float, difficulty: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, and logits of two files, `(tags, n)`."""
    n = len(difficulty)
    rare = np.geomspace(0.04, 0.5, _TAGS)[:, None]
    apart = rng.permutation(np.linspace(1.5, 5.0, _TAGS))[:, None]
    labels = rng.random((_TAGS, n)) < rare
    logits = apart * (labels - 0.5) * difficulty + np.log(rare / (1 - rare)) / 2
    logits = logits + rng.normal(size=logits.shape)
    before, after = (noise * rng.normal(size=logits.shape) for noise in (0.15, 0.15 + harm))
    return labels, logits + before, logits + after


def tags(statistic: str, harm: float) -> Maker:
    """Tags of samples that are hard to tell in different degrees."""

    def make(rng: np.random.Generator, difficulty: np.ndarray) -> Population:
        labels, before, after = _scores(harm, difficulty, rng)
        if statistic == "average_precision":
            few = slice(None, None, 6)
            files = [np.concatenate([logits[few], labels[few]]) for logits in (before, after)]
        else:
            decided = [logits > 0 for logits in (before, after)]
            files = [np.concatenate([yes & labels, yes, labels]) for yes in decided]
        return Population(statistic, *(parts.astype(np.float64) for parts in files))

    return make


def masks(harm: float) -> Maker:
    """Three kinds of objects on a background; some are hardly found, some now and then lost."""

    def make(rng: np.random.Generator, difficulty: np.ndarray) -> Population:
        n = len(difficulty)
        there = rng.random((_CLASSES - 1, n)) < 0.57
        area = np.minimum(1000, rng.lognormal(np.log([[120], [300], [340]]), 0.6, there.shape))
        labelled = np.where(there, np.round(area), 0)
        found = rng.beta(8, 1, there.shape) * np.minimum(1, 0.5 + difficulty / 2)
        extra = rng.beta(1, 14, there.shape)
        files = []
        for loses in (0.02, 0.02 + harm):
            lost = (rng.random(there.shape) < loses) * rng.uniform(0.2, 1, there.shape)
            share = np.clip(found * (1 - lost) + 0.01 * rng.normal(size=there.shape), 0, 1)
            overlap = np.round(labelled * share)
            beside = np.round(labelled * np.clip(extra + 0.01 * rng.normal(size=there.shape), 0, 1))
            rest = _PIXELS - labelled.sum(axis=0)
            own = rest - beside.sum(axis=0)
            missed = (labelled - overlap).sum(axis=0)
            files.append(
                np.concatenate([[own], overlap, [own + missed], overlap + beside, [rest], labelled])
            )
        return Population("iou", *files)

    return make


def detections(harm: float) -> Maker:
    """One to four digits an image, found or not, and boxes where there is nothing."""

    def make(rng: np.random.Generator, difficulty: np.ndarray) -> Population:
        n, most = len(difficulty), 4
        objects = np.arange(most)[:, None] < rng.integers(1, most + 1, n)
        truth = np.where(objects, rng.integers(0, _DIGITS, objects.shape), -1)
        sure = 1.5 + difficulty + rng.normal(size=objects.shape)
        false = rng.random((2, n)) < 0.3
        unsure = rng.normal(-0.5, 1, false.shape)
        kind = rng.integers(0, _DIGITS, false.shape)
        files = []
        for loses in (0.03, 0.03 + harm):
            hit = objects & (rng.random(objects.shape) > loses) & (sure > 0)
            scores = [s + 0.2 * rng.normal(size=s.shape) for s in (sure, unsure)]
            parts = np.full((most + 2, 3, n), -1.0)
            parts[:most, 0] = truth
            for rows, there, score, code in (
                (slice(0, most), objects & (sure > -1), scores[0], truth * 1024 + hit),
                (slice(most, None), false, scores[1], kind * 1024),
            ):
                parts[rows, 1] = np.where(there, 1 / (1 + np.exp(-score)), -1)
                parts[rows, 2] = np.where(there, code, -1)
            files.append(parts.reshape(3 * (most + 2), n))
        return Population("map_50", *files)

    return make


MAKERS: dict[str, Callable[[float], Maker]] = {
    "mAP at 0.5": detections,
    "mean IoU": masks,
    "F1, macro": partial(tags, "f1"),
    "average precision": partial(tags, "average_precision"),
}
# How much worse the candidate is than the reference, whose scores are as noisy without it.
HARMS: dict[str, tuple[float, float]] = {
    "mAP at 0.5": (0.005, 0.012),
    "mean IoU": (0.012, 0.03),
    "F1, macro": (0.15, 0.3),
    "average precision": (0.1, 0.2),
}
HEADS = ("F1, macro", "mean IoU")


def known() -> list[str]:
    """Those whose statistic there is."""
    return [name for name in MAKERS if name != "mAP at 0.5" or "map_50" in recompute.STATISTICS]


@cache
def population(name: str, harm: float) -> Population:
    """Of one metric; populations of one seed are of the same samples, as the heads of a model."""
    difficulty = np.random.default_rng(0).lognormal(0, 0.4, _POPULATION)
    return MAKERS[name](harm)(np.random.default_rng(list(MAKERS).index(name)), difficulty)


@dataclass(frozen=True)
class Cell:
    """Rules that are asked of the same samples, each with its margin.

    Attributes:
        heads: Name and harm of each.
        margins: As many.
        n: Samples.
    """

    heads: tuple[tuple[str, float], ...]
    margins: tuple[float, ...]
    n: int


def passes(cell: Cell, runs: range) -> tuple[int, int]:
    """How often all rules pass, and how often the first fails, each run with its own samples."""
    passed = failed = 0
    for run in runs:
        sample = np.random.default_rng([2, cell.n, run]).integers(0, _POPULATION, cell.n)
        found = [population(*head).evidence(sample, run) for head in cell.heads]
        passed += all(
            evidence.p_below(margin) <= ALPHA
            for evidence, margin in zip(found, cell.margins, strict=True)
        )
        failed += found[0].p_above(cell.margins[0]) <= ALPHA
    return passed, failed


def shares(cells: Sequence[Cell], runs: int) -> list[tuple[float, float]]:
    """Of each cell, which share of its runs passes, and fails."""
    step = max(1, runs // _PIECES)
    pieces = [range(start, min(start + step, runs)) for start in range(0, runs, step)]
    with ProcessPoolExecutor(_JOBS) as pool:
        found = [[pool.submit(passes, cell, piece) for piece in pieces] for cell in cells]
        counts = [np.sum([one.result() for one in of], axis=0) / runs for of in found]
    return [(float(passed), float(failed)) for passed, failed in counts]


def fewer(n: int, runs: int) -> int:
    """Runs with `n` samples: larger ones take longer."""
    return max(1, runs * 200 // max(200, n))


def at_the_margin(runs: int) -> str:
    """How often a loss of exactly the margin passes."""
    keys = [(name, harm) for name in known() for harm in HARMS[name]]
    cells = {(key, n): Cell((key,), (population(*key).loss,), n) for key in keys for n in SIZES}
    found = {n: shares([cells[key, n] for key in keys], fewer(n, runs)) for n in SIZES}
    rows = [
        [
            name,
            f"{100 * population(name, harm).loss:.2f}",
            *(f"{100 * found[n][place][0]:.1f}" for n in SIZES),
            *(f"{100 * found[n][place][1]:.1f}" for n in SIZES),
        ]
        for place, (name, harm) in enumerate(keys)
    ]
    heads = ("", "margin", *(f"passes, n {n}" for n in SIZES), *(f"fails, n {n}" for n in SIZES))
    error = 100 * (ALPHA * (1 - ALPHA) / runs) ** 0.5
    return (
        "**A true loss of exactly the margin: how often it passes, and fails**, in % of "
        f"{runs:,} runs up to n 200\n(and in proportion fewer beyond), {RESAMPLES} draws each; the "
        f"bar is 5.5 from n 200 on. The standard error is {error:.1f}, that of n 1,000 "
        f"{error * 5**0.5:.1f}.\n\n" + results.table(heads, rows)
    )


def without_loss(runs: int) -> str:
    """How often a candidate that is as noisy as the reference, and no worse, passes."""
    keys = [(name, margin) for name in known() for margin in (0.01, 0.02)]
    found = {
        n: shares([Cell(((name, 0.0),), (margin,), n) for name, margin in keys], fewer(n, runs))
        for n in SIZES
    }
    rows = [
        [name, f"{100 * margin:g}", *(f"{100 * found[n][place][0]:.0f}" for n in SIZES)]
        for place, (name, margin) in enumerate(keys)
    ]
    return (
        "**No true loss: how often it passes**, in % of runs. The candidate's scores are as noisy "
        "as the reference's,\nand it loses other objects, as many.\n\n"
        + results.table(("", "margin", *(f"n {n}" for n in SIZES)), rows)
    )


def two_heads(runs: int) -> str:
    """How often a model of two heads passes that loses the margin in one of them, or both."""
    first, second = ((name, HARMS[name][1]) for name in HEADS)
    lost = population(*first).loss, population(*second).loss
    whole = [(name, 0.0) for name in HEADS]
    cases = {
        f"{HEADS[0]} loses its margin, {HEADS[1]} nothing": Cell(
            (first, whole[1]), (lost[0], 0.05), 0
        ),
        f"{HEADS[1]} loses its margin, {HEADS[0]} nothing": Cell(
            (whole[0], second), (0.05, lost[1]), 0
        ),
        "both lose their margins": Cell((first, second), lost, 0),
        "neither loses anything, margins of 2 %": Cell(tuple(whole), (0.02, 0.02), 0),
    }
    found = {
        n: shares([replace(cell, n=n) for cell in cases.values()], fewer(n, runs)) for n in SIZES
    }
    rows = [
        [name, *(f"{100 * found[n][place][0]:.1f}" for n in SIZES)]
        for place, name in enumerate(cases)
    ]
    return (
        "**Two heads of one model, both rules at once: how often both pass**, in % of runs; the "
        "bar is 5.5 from\nn 200 on where one loses its margin. The heads share their samples, and "
        "which of these are hard.\n\n" + results.table(("", *(f"n {n}" for n in SIZES)), rows)
    )


def run(quick: bool) -> str:
    """The section's Markdown; `quick` draws less and decides nothing."""
    absent = [name for name in MAKERS if name not in known()]
    parts = (
        at_the_margin(40 if quick else 2000),
        without_loss(20 if quick else 400),
        two_heads(20 if quick else 1000),
        *(
            f"Not here, since `verdicts.recompute` has no such statistic: {name}."
            for name in absent
        ),
    )
    return "\n\n".join(parts)


def main() -> None:
    results.write_section(SECTION, run(quick=False))


if __name__ == "__main__":
    main()
