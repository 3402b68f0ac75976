"""Activation ranges narrower than the extremes: few outliers clipped, all else finer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.tflite import Model
from edgekit.tflite.step_interpreter import Steps

# Bins between a tensor's extremes: eight for each step of int8.
_BINS = 2048
# Values of a tensor that are looked at, spread over all samples.
_VALUES = 1 << 20
_STEPS = 255
METHODS = ("p99.999", "p99.99", "mse")


@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """How often a tensor's values fall into equal bins between its extremes."""

    low: float
    high: float
    counts: np.ndarray


def histograms(
    model: Model, inputs: Mapping[str, np.ndarray], extremes: Ranges
) -> dict[str, Histogram]:
    """Histograms of all activations of the main graph, by tensor name.

    Args:
        model: The float file.
        inputs: Calibration samples by input name, `(n, ...)`.
        extremes: Of each activation, from the same samples or more.
    """
    found: dict[str, Histogram] = {}
    steps = Steps(model, inputs)

    def look(name: str, values: np.ndarray) -> None:
        if name in found or name not in extremes or values.dtype != np.float32:
            return
        low, high = extent(extremes[name])
        if not high > low:
            return
        flat = values.reshape(-1)
        flat = flat[:: max(1, len(flat) // _VALUES) | 1]  # odd: never the same channel only
        bins = ((flat - low) * (_BINS / (high - low))).astype(np.int32)
        counts = np.bincount(np.clip(bins, 0, _BINS - 1), minlength=_BINS)
        found[name] = Histogram(low=low, high=high, counts=counts)

    for op in steps.operators:
        if op.index == 0 or op.inputs:
            for tensor in op.inputs:
                if not (tensor.is_constant or tensor.is_variable or tensor.name in found):
                    look(tensor.name, steps.stored(tensor))
        steps.run(op)
    return found


def extent(sides: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """The smallest and the largest value that a range has."""
    return float(np.min(sides["min"])), float(np.max(sides["max"]))


def widest(parts: Sequence[Ranges]) -> Ranges:
    """The extremes over several sets of samples."""
    return {
        name: {
            "min": np.minimum.reduce([part[name]["min"] for part in parts]),
            "max": np.maximum.reduce([part[name]["max"] for part in parts]),
        }
        for name in parts[0]
    }


def merge_histograms(parts: Sequence[Mapping[str, Histogram]]) -> dict[str, Histogram]:
    """Histograms with the same bins, added up."""
    return {
        name: replace(first, counts=np.sum([part[name].counts for part in parts], axis=0))
        for name, first in parts[0].items()
        if all(name in part for part in parts)
    }


def narrowed(extremes: Ranges, found: Mapping[str, Histogram], method: str) -> Ranges:
    """The ranges by one of `METHODS`; a tensor without a histogram keeps its extremes.

    `pQ` leaves out the fraction `1 - Q/100` of the values at either end. `mse` takes the
    fraction of the extremes by which 8 bits give the least squared error.
    """
    result: Ranges = {}
    for name, sides in extremes.items():
        histogram = found.get(name)
        if histogram is None:
            result[name] = sides
            continue
        low, high = _mse(histogram) if method == "mse" else _percentile(histogram, method)
        least, most = extent(sides)
        low, high = max(low, least), min(high, most)
        result[name] = {
            "min": np.full_like(sides["min"], low),
            "max": np.full_like(sides["max"], high),
        }
    return result


def _percentile(histogram: Histogram, method: str) -> tuple[float, float]:
    outside = 1 - float(method.removeprefix("p")) / 100
    total = np.cumsum(histogram.counts)
    width = (histogram.high - histogram.low) / _BINS
    first = int(np.searchsorted(total, outside * total[-1], side="right"))
    last = int(np.searchsorted(total, (1 - outside) * total[-1], side="left"))
    low, high = histogram.low + first * width, histogram.low + (last + 1) * width
    # Zero is always exact: padding and ReLU give it.
    return min(low, 0.0) if histogram.low <= 0 else low, max(high, low + width)


def _mse(histogram: Histogram) -> tuple[float, float]:
    width = (histogram.high - histogram.low) / _BINS
    centres = histogram.low + (np.arange(_BINS) + 0.5) * width
    best, chosen = np.inf, (histogram.low, histogram.high)
    for part in np.linspace(0.3, 1.0, 36):
        low, high = min(histogram.low * part, 0.0), max(histogram.high * part, 0.0)
        step = (high - low) / _STEPS
        if not step > 0:
            continue
        codes = np.clip(np.rint((centres - low) / step), 0, _STEPS)
        error = float(np.sum(histogram.counts * np.square(low + codes * step - centres)))
        # Within the range each value is off by up to half a step, however narrow its bin.
        error += float(histogram.counts.sum()) * step * step / 12 * (width > step)
        if error < best:
            best, chosen = error, (low, high)
    return chosen
