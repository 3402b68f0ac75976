"""Populations whose truth is known: two files of one model on very many samples.

They are made in the likeness of the corpus: tags as rare and scores as far apart as those of
`tagger_debtags`, masks as uneven as those of `segmenter_unet_shapes`, images with as many objects
as those of `detector_yolo_digits`. A candidate's scores are the reference's with the noise of a
quantization, and now and then it loses an object.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

import numpy as np

from edgekit.verdicts import recompute
from edgekit.verdicts.bootstrap import Bootstrapped

RESAMPLES = 1000
SAMPLES = 40_000
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
            self._lost(sample),
            len(sample),
            strata=groups,
            seed=seed,
            resamples=RESAMPLES,
            hope=0.0,
            is_average_precision=self.statistic in recompute.AVERAGE_PRECISIONS,
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
        easy = np.linspace(0.5, 2.5, _DIGITS)[truth]  # or all classes end at one of COCO's recalls
        sure = easy + difficulty + rng.normal(size=objects.shape)
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


def known() -> list[str]:
    """Those whose statistic there is."""
    return [name for name in MAKERS if name != "mAP at 0.5" or "map_50" in recompute.STATISTICS]


@cache
def population(name: str, harm: float) -> Population:
    """Of one metric; populations of one seed are of the same samples, as the heads of a model."""
    difficulty = np.random.default_rng(0).lognormal(0, 0.4, SAMPLES)
    return MAKERS[name](harm)(np.random.default_rng(list(MAKERS).index(name)), difficulty)
