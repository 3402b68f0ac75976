"""The smallest and largest value of each input, and which samples leave them.

The ranges of the calibration samples stand in the manifest: whoever evaluates can see whether
a static file has met such values.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from edgekit.core.records import Contract
from edgekit.data.preprocess import dtype_of
from edgekit.data.samples import Samples
from edgekit.tflite.channels import MOST_CHANNELS

Ranges = Mapping[str, tuple[float, float]]

_EVALUATION_EXCESS = 0.05
# Thousands of evaluation samples hold an outlier that does not matter.
_EVALUATION_SHARE = 0.01
# Of many columns one or another has its largest value among few calibration samples.
_COLUMN_SHARE = 0.05
_MOST_TOLD = 3


def of(samples: Samples, contract: Contract) -> dict[str, tuple[float, float]]:
    """Smallest and largest value by input, of inputs that the model takes as floats.

    Others hold ids, whose numbers say nothing of each other. Of rows and series, `(n, columns)` and
    `(n, steps, columns)`, each column has its own too, as `NAME[COLUMN]`: a small one may leave
    its range inside that of a large one.
    """
    ranges = {}
    for spec in contract.inputs:
        array = samples.inputs[spec.name]
        if dtype_of(spec).kind != "f" or not array.size:
            continue
        ranges[spec.name] = (float(array.min()), float(array.max()))
        for key, column in _columns(spec.name, array):
            ranges[key] = (float(column.min()), float(column.max()))
    return ranges


def _columns(name: str, array: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """Each column of rows or series, by the key of its range."""
    if array.ndim in (2, 3) and 1 < array.shape[-1] <= MOST_CHANNELS:
        for column in range(array.shape[-1]):
            yield f"{name}[{column}]", array[..., column]


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """How far samples lie outside an input's range.

    Attributes:
        input: Its name.
        low: The smallest value of the samples.
        high: The largest one.
        fraction: How far the farthest value lies outside, in widths of the range;
            infinite where the range is a single value.
        samples: How many samples have a value outside by more than was asked for.
    """

    input: str
    low: float
    high: float
    fraction: float
    samples: int

    def beyond(self, calibrated: tuple[float, float]) -> str:
        """`go beyond its calibration range, 0 to 1, by up to 0.2 of its width (to 1.2)`."""
        low, high = calibrated
        far = [f"{self.low:.4g}"] * (self.low < low) + [f"{self.high:.4g}"] * (self.high > high)
        by = "" if np.isinf(self.fraction) else f" by up to {self.fraction:.2g} of its width"
        return (
            f"go{'es' * (self.samples == 1)} beyond its calibration range, {low:.4g} to {high:.4g},"
            f"{by} (to {' and '.join(far)})"
        )


def exceeding(samples: Samples, allowed: Ranges, *, by: float) -> list[Excess]:
    """The inputs whose values leave their range by more than `by` of its width.

    Args:
        samples: Any samples with these inputs; real values, not codes.
        allowed: Smallest and largest value by input; unknown inputs are left alone.
        by: A fraction of the range's width.
    """
    found = (
        _excess(name, samples.inputs[name], ends, by)
        for name, ends in allowed.items()
        if name in samples.inputs
    )
    return [over for over, _ in filter(None, found)]


def _excess(
    name: str, array: np.ndarray, ends: tuple[float, float], by: float
) -> tuple[Excess, np.ndarray] | None:
    """How far values leave a range, and which samples do; None where none does."""
    if not array.size or array.dtype.kind not in "iufb":
        return None
    low, high = ends
    rows = array.reshape(len(array), -1)
    lows, highs = rows.min(axis=1).astype(np.float64), rows.max(axis=1).astype(np.float64)
    farthest = np.maximum(low - lows, highs - high)
    width = high - low
    outside = farthest > by * width
    if not outside.any():
        return None
    over = Excess(
        input=name,
        low=float(lows.min()),
        high=float(highs.max()),
        fraction=float(farthest.max()) / width if width > 0 else float("inf"),
        samples=int(outside.sum()),
    )
    return over, outside


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Drift:
    """Samples that leave the calibration ranges so far, or so often, that it is worth saying.

    Attributes:
        notes: One sentence for each input, or column of one.
        outside: Whether a sample is among them, `(n,)`.
    """

    notes: tuple[str, ...]
    outside: np.ndarray


def unlike_calibration(evaluation: Samples, calibrated: Ranges) -> Drift:
    """Which inputs leave, while being evaluated, the range of the calibration samples.

    Said where at least one of 100 samples is outside by more than 0.05 of the input's range, or one
    of 20 of a column's.
    """
    notes = []
    outside = np.zeros(len(evaluation), bool)
    for name, array in evaluation.inputs.items():
        what, told = f"input {name!r}", [(name, array, _EVALUATION_SHARE)]
        whole = list(_left(told, calibrated))
        columns = [(key, column, _COLUMN_SHARE) for key, column in _columns(name, array)]
        found = whole or sorted(_left(columns, calibrated), key=lambda left: -left[0].samples)
        for _, places in found:
            outside |= places
        for over, _ in found[:_MOST_TOLD]:
            if not whole:
                what = f"column {over.input.removeprefix(name).strip('[]')} of input {name!r}"
            does = "a static file clips them" if whole else "a static file has not met such"
            notes.append(
                f"{what}: {over.samples} of {len(evaluation)} evaluation samples "
                f"{over.beyond(calibrated[over.input])}: {does}; calibrate on samples like these."
            )
        if len(found) > _MOST_TOLD:
            notes.append(f"input {name!r}: so do {len(found) - _MOST_TOLD} more columns.")
    return Drift(notes=tuple(notes), outside=outside)


def _left(
    arrays: list[tuple[str, np.ndarray, float]], calibrated: Ranges
) -> Iterator[tuple[Excess, np.ndarray]]:
    """Of arrays with the key of their range and the share that matters, those that leave it."""
    for key, array, share in arrays:
        found = (
            _excess(key, array, calibrated[key], _EVALUATION_EXCESS) if key in calibrated else None
        )
        if found is not None and found[0].samples >= share * len(array):
            yield found
