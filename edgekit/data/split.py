"""Taking parts of samples: at random, by a seed, and safe for data ordered by class.

What is fitted to and what judges it is divided here, for every stage: `held_back` for calibration
and what is quantized by it, `hold_out` for training, `hold_out_fifth` for pruning, which knows no
labels.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from edgekit.core.errors import DataError, UsageError
from edgekit.data.samples import Samples

# Fewer samples than this cannot be divided: they serve for both.
_DIVISIBLE = 3
_FEWEST_JUDGES = 4


def order(labels: np.ndarray | None, count: int, seed: int) -> np.ndarray:
    """A random order of `count` samples, any stretch of which holds the classes in proportion.

    Systematic stratified sampling: the `r`-th sample of a class of `m` gets the key
    `(r + u) / m` with one uniform `u` for each class, and keys are sorted. A stretch of
    `k` from the start therefore holds `k * m / count` of each class, give or take one.
    Without class ids it is a plain permutation.

    Args:
        labels: Class ids or names `(count,)`; other labels (targets) are not looked at.
        count: How many samples there are.
        seed: The same seed gives the same order, on every machine.

    Returns:
        Indices `(count,)`, each once.
    """
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(count)
    classes = class_ids(labels)
    if classes is None:
        return shuffled
    ids, sizes = np.unique(classes, return_counts=True)
    offsets = rng.random(len(ids))
    place = np.searchsorted(ids, classes[shuffled])
    by_class = np.argsort(place, kind="stable")
    rank = np.empty(count)
    starts = np.cumsum(sizes) - sizes
    rank[by_class] = np.arange(count) - np.repeat(starts, sizes)
    keys = (rank + offsets[place]) / sizes[place]
    return shuffled[np.argsort(keys, kind="stable")]


def class_ids(labels: np.ndarray | None) -> np.ndarray | None:
    """Labels that are class ids or names, as `(n,)`; None where they are anything else."""
    if labels is None or labels.dtype.kind not in "iubUS":
        return None
    flat = labels.reshape(len(labels), -1) if len(labels) else labels
    return flat[:, 0] if flat.ndim == 2 and flat.shape[1] == 1 else None


def strata(samples: Samples) -> np.ndarray | None:
    """The first labels that are class ids or names, `(n,)`: what draws are stratified by."""
    every = [samples.labels, *samples.head_labels.values()]
    return next((ids for labels in every if (ids := class_ids(labels)) is not None), None)


def draw(labels: np.ndarray | None, count: int, limit: int | None, seed: int) -> np.ndarray:
    """Indices of `limit` of `count` samples, without replacement, stratified by class.

    All of them, in their own order, when there are no more than that.

    Raises:
        UsageError: The limit is below 1.
    """
    if limit is not None and limit < 1:
        raise UsageError("A number of samples must be at least 1.", received=str(limit))
    if limit is None or limit >= count:
        return np.arange(count)
    return order(labels, count, seed)[:limit]


def split(samples: Samples, counts: Mapping[str, int], seed: int = 0) -> dict[str, Samples]:
    """Disjoint parts of the samples, each stratified by class; a sequence is cut into stretches.

    Args:
        samples: What to take from.
        counts: Name of a part to its number of samples, as
            `{"calibration": 200, "golden": 8, "evaluation": 1000}`.
        seed: The same seed gives the same parts.

    Returns:
        Name of a part to its samples.

    Raises:
        DataError: Fewer samples than the parts need together.
        UsageError: A part is below 1.
    """
    for name, count in counts.items():
        if count < 1:
            raise UsageError("Each part must have at least 1 sample.", received=f"{name} = {count}")
    if sum(counts.values()) > len(samples):
        wanted = ", ".join(f"{name} {count}" for name, count in counts.items())
        raise DataError(
            f"Parts that share no sample need {sum(counts.values())} samples ({wanted}).",
            received=f"{len(samples)} samples from {samples.source or 'nowhere named'}",
            hint="take fewer, or give more data.",
        )
    indices = order(strata(samples), len(samples), seed)
    if samples.is_sequence:
        indices = np.arange(len(samples))
    parts, start = {}, 0
    for name, count in counts.items():
        parts[name] = samples.take(indices[start : start + count])
        start += count
    return parts


def held_back(samples: Samples, seed: int) -> tuple[Samples, Samples]:
    """Two thirds to fit to, and a third to judge by. The same seed divides them alike."""
    if len(samples) < _DIVISIBLE:
        return samples, samples
    return hold_out(samples, len(samples) // 3, seed)


def hold_out(
    samples: Samples, held: int, seed: int, fitted: Samples | None = None
) -> tuple[Samples, Samples]:
    """Samples to fit to, and others to judge by.

    Args:
        samples: All of them, more than `held`.
        held: How many judge.
        seed: The same seed divides them alike.
        fitted: Samples that something was fitted to before. They do not judge, where there are
            others; fewer than `held` judge then, if need be.
    """
    known = set() if fitted is None else set(fitted.digests())
    fresh = (
        [i for i, digest in enumerate(samples.digests()) if digest not in known] if known else []
    )
    if not fresh:
        divided = split(samples, {"fit": len(samples) - held, "held": held}, seed)
        return divided["fit"], divided["held"]
    judge = split(samples.take(fresh), {"judge": min(held, len(fresh))}, seed)["judge"]
    return without(samples, judge), judge


def hold_out_fifth(
    count: int, most: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Indices to fit to, and a fifth to judge by, of at most `most` samples that are drawn.

    With fewer than twenty the same ones do both: a poor judge is better than none.
    """
    drawn = rng.permutation(count)[:most]
    held = len(drawn) // 5
    return (drawn[held:], drawn[:held]) if held >= _FEWEST_JUDGES else (drawn, drawn)


def fitted(calibration: Path | None, seed: int) -> Samples | None:
    """The calibration samples of a file that are fitted to; None without a file."""
    return None if calibration is None else held_back(Samples.load(calibration), seed)[0]


def without(samples: Samples, *others: Samples) -> Samples:
    """The samples that are in none of the others, whatever their dtype and label."""
    taken = {digest for other in others for digest in other.digests()}
    kept = [i for i, digest in enumerate(samples.digests()) if digest not in taken]
    return samples if len(kept) == len(samples) else samples.take(kept)


def overlap(a: Samples, b: Samples) -> int:
    """How many distinct samples stand in both, whatever their dtype and label.

    Calibrating on what is evaluated makes an accuracy look better than it is; callers
    warn when this is above 0.
    """
    return len(set(a.digests()) & set(b.digests()))
