"""The smallest and largest value of each input, and which samples leave them.

The ranges of the calibration samples stand in the manifest: whoever evaluates can see whether
a static file has met such values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgekit.core.records import Contract
from edgekit.data.preprocess import dtype_of
from edgekit.data.samples import Samples

Ranges = Mapping[str, tuple[float, float]]

_EVALUATION_EXCESS = 0.05
# Thousands of evaluation samples hold an outlier that does not matter.
_EVALUATION_SHARE = 0.01


def of(samples: Samples, contract: Contract) -> dict[str, tuple[float, float]]:
    """Smallest and largest value by input, of inputs that the model takes as floats.

    Others hold ids, whose numbers say nothing of each other.
    """
    return {
        spec.name: (float(array.min()), float(array.max()))
        for spec in contract.inputs
        if dtype_of(spec).kind == "f" and (array := samples.inputs[spec.name]).size
    }


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
    excesses = []
    for name, (low, high) in allowed.items():
        array = samples.inputs.get(name)
        if array is None or not array.size or array.dtype.kind not in "iufb":
            continue
        rows = array.reshape(len(array), -1)
        lows, highs = rows.min(axis=1).astype(np.float64), rows.max(axis=1).astype(np.float64)
        outside = np.maximum(low - lows, highs - high)
        count = int((outside > by * (high - low)).sum())
        if count:
            width = high - low
            fraction = float(outside.max()) / width if width > 0 else float("inf")
            excesses.append(
                Excess(
                    input=name,
                    low=float(lows.min()),
                    high=float(highs.max()),
                    fraction=fraction,
                    samples=count,
                )
            )
    return excesses


def unlike_calibration(evaluation: Samples, calibrated: Ranges) -> tuple[str, ...]:
    """Say which inputs leave, while being evaluated, the range of the calibration samples.

    Said where at least one of 100 samples is outside by more than 0.05 of the range.
    """
    return tuple(
        f"input {over.input!r}: {over.samples} of {len(evaluation)} evaluation samples "
        f"{over.beyond(calibrated[over.input])}: a static file clips them; calibrate on samples "
        "like these."
        for over in exceeding(evaluation, calibrated, by=_EVALUATION_EXCESS)
        if over.samples >= _EVALUATION_SHARE * len(evaluation)
    )
