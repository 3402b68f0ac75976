"""How much of each thing that the float file decides another still decides, by its name.

Agreement over everything says little of what is rare: a mask that is empty agrees with one of an
object on a twentieth of the pixels in 95 of 100, and a tagger that tags nothing likewise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edgekit.core.records import TensorSpec
from edgekit.measure.agreement import decides, names_the_largest, threshold

_FEWEST_SAMPLES = 5
"""What is decided in fewer samples than this is left out: one of them more or less says nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Of one decision, as a class, or a tag's yes, how much is left.

    Attributes:
        name: `digit: seven`, `tags[3]: yes`.
        dice: Twice what both decide, of what each does; 1 where both decide alike.
        samples: In how many of them the float file decides so.
    """

    name: str
    dice: float
    samples: int


def least_kept(reference: np.ndarray, candidate: np.ndarray, spec: TensorSpec) -> Kept | None:
    """The decision of which least is left, among those taken in at least 5 samples.

    Args:
        reference: Outputs of the float model, `(n, ...)`, finite.
        candidate: Of the same shape.
        spec: What the output is.

    Returns:
        None for kinds other than `classes`, `binary`, `tags` and `mask`, or where no decision
        is taken often enough.
    """
    if not decides(spec) or spec.kind == "ids":
        return None
    if names_the_largest(reference, spec):
        found = list(_of_classes(reference, candidate, spec))
    else:
        found = [] if spec.kind == "classes" else list(_of_sides(reference, candidate, spec))
    return min(found, key=lambda kept: kept.dice, default=None)


def _of_classes(a: np.ndarray, b: np.ndarray, spec: TensorSpec) -> Iterator[Kept]:
    width = a.shape[-1]
    first, second = (values.argmax(axis=-1).reshape(len(values), -1) for values in (a, b))
    both = np.bincount(first[first == second], minlength=width)
    total = np.bincount(np.concatenate([first, second]).reshape(-1), minlength=width)
    present = np.zeros((len(first), width), bool)
    np.put_along_axis(present, first, values=True, axis=1)
    samples = present.sum(axis=0)
    labelled = len(spec.labels) == width
    for place in np.flatnonzero(samples >= _FEWEST_SAMPLES).tolist():
        name = f"{spec.name}: {spec.labels[place] if labelled else f'class {place}'}"
        yield Kept(
            name=name,
            dice=float(2 * both[place] / total[place]),
            samples=int(samples[place]),
        )


def _of_sides(a: np.ndarray, b: np.ndarray, spec: TensorSpec) -> Iterator[Kept]:
    """Yes and no of each column."""
    limit, width = threshold(a, spec), a.shape[-1] if a.ndim > 1 else 1
    first, second = ((values > limit).reshape(len(values), -1, width) for values in (a, b))
    labelled = len(spec.labels) == width
    for side in ("yes", "no"):
        if side == "no":
            first, second = ~first, ~second
        samples = first.any(axis=1).sum(axis=0)
        both = (first & second).sum(axis=(0, 1))
        total = first.sum(axis=(0, 1)) + second.sum(axis=(0, 1))
        for place in np.flatnonzero(samples >= _FEWEST_SAMPLES).tolist():
            column = f": {spec.labels[place]}" if labelled else f"[{place}]" * (width > 1)
            yield Kept(
                name=f"{spec.name}{column}: {side}",
                dice=float(2 * both[place] / total[place]),
                samples=int(samples[place]),
            )
