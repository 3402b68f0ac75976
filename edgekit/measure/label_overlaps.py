"""How far predictions overlap labels, by class and sample: the parts of F1, IoU and Dice."""

from __future__ import annotations

import numpy as np

from edgekit.core.records import TensorSpec

_SHOWN = 5


def of_bits(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """Overlap of each class, then predicted, then labelled, `(3 * classes, n)`, float64.

    Args:
        truth: Booleans `(n, positions, classes)`.
        predicted: Likewise.
    """
    counts = [array.sum(axis=1).T for array in (truth & predicted, predicted, truth)]
    return np.concatenate(counts).astype(np.float64)


def of_ids(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """The same from one class for each position, without an array for each class.

    Args:
        truth: Class ids `(n, ...)`; positions below 0 are left out.
        predicted: Of the same shape, from 0 on.
        classes: How many there are.
    """
    found = np.zeros((3, classes, len(truth)))
    for i, (wanted, chosen) in enumerate(zip(truth, predicted, strict=True)):
        counted = wanted >= 0
        wanted, chosen = wanted[counted], chosen[counted]
        for row, ids in enumerate((wanted[wanted == chosen], chosen, wanted)):
            found[row, :, i] = np.bincount(ids, minlength=classes)
    return found.reshape(3 * classes, len(truth))


def absent_note(there: np.ndarray, spec: TensorSpec) -> str:
    """What is to be said of classes that no sample has; empty where all are there.

    Args:
        there: Whether some sample has it, `(classes,)`.
        spec: The output, with its label names.
    """
    absent = np.flatnonzero(~there).tolist()
    if not absent:
        return ""
    names = [spec.labels[i] if len(spec.labels) == len(there) else str(i) for i in absent[:_SHOWN]]
    more = ", ..." if len(absent) > _SHOWN else ""
    return f"over {int(there.sum())} of {len(there)} classes: no label of {', '.join(names)}{more}"
