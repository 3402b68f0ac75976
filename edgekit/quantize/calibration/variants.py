"""The file that is quantized, or a copy that computes the same, with the ranges found in it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from edgekit import tflite
from edgekit.core import scratch
from edgekit.core.records import Contract
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.quantize.calibration import calibrate, clipped_ranges
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.calibration.equalize import Exponents
from edgekit.tflite import Model

# Activations that histograms are taken from, in bytes; of a model with few, all.
_LOOKED_AT = 1500 * 2**20
HELD = 0
"""Which third of the samples judges candidates, and takes no part in fitting them."""


def thirds(samples: Samples, seed: int) -> list[Samples]:
    """The third that is held out first, then the others; all samples at once where few."""
    fit, held = split.held_back(samples, seed)
    if fit is held:
        return [fit]
    half = len(fit) // 2
    return [held, fit.take(range(half)), fit.take(range(half, len(fit)))]


class Variant:
    """The float file, or its equalized copy, with what calibration found in it.

    Ranges are judged by samples that took no part in them: each third of the samples by
    the other two.

    Args:
        model: The float file or its copy.
        thirds: What `thirds` made of the samples.
        contract: The file's inputs and outputs.
        name: What comes before the names of candidates.
        exponents: What the copy's activations were divided by (see `equalize`).
        like: One with the same activations, by the same names: its ranges are taken.
    """

    def __init__(
        self,
        model: Model,
        thirds: Sequence[Samples],
        contract: Contract,
        name: str = "",
        exponents: Exponents | None = None,
        like: Variant | None = None,
    ) -> None:
        self.model, self.name, self.exponents = model, name, exponents or {}
        self.content = tflite.to_bytes(model)
        self._thirds, self._contract, self._like = thirds, contract, like

    def with_model(self, model: Model) -> Variant:
        """Other operators that give the same activations; itself where the model is its own."""
        if model is self.model:
            return self
        return Variant(model, self._thirds, self._contract, self.name, self.exponents, like=self)

    @cached_property
    def _extremes(self) -> list[Ranges]:
        """Of each third."""
        with scratch.folder() as folder:
            path = Path(folder, "float.tflite")
            path.write_bytes(self.content)
            return [calibrate.collect_ranges(path, third, self._contract) for third in self._thirds]

    @cached_property
    def _histograms(self) -> list[dict[str, clipped_ranges.Histogram]]:
        bins = clipped_ranges.widest(self._extremes)
        most = max(1, _LOOKED_AT // (len(self._thirds) * _all_bytes(self.model)))
        return [
            clipped_ranges.histograms(
                self.model, third.take(range(min(most, len(third)))).inputs, bins
            )
            for third in self._thirds
        ]

    def ranges(self, method: str, without: int | None = HELD) -> Ranges:
        """By `extremes` or one of `clipped_ranges.METHODS`, from all thirds but one, or all."""
        if self._like is not None:
            return self._like.ranges(method, without)
        others = [i for i in range(len(self._thirds)) if i != without] or [0]
        extremes = clipped_ranges.widest([self._extremes[i] for i in others])
        if method == "extremes":
            return extremes
        histograms = clipped_ranges.merge_histograms([self._histograms[i] for i in others])
        return clipped_ranges.narrowed(extremes, histograms, method)


def _all_bytes(model: Model) -> int:
    """What all activations of one sample take together."""
    operators = tflite.main_operators(model)
    sizes = [math.prod(map(abs, tensor.shape)) for op in operators for tensor in op.outputs]
    return max(1, 4 * sum(sizes))
