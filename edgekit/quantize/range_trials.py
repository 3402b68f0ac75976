"""One recipe tried with several ranges: made once or twice, then its scales are changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property

import numpy as np

from edgekit.core.records import Recipe
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.diagnose import scores
from edgekit.quantize.rewrite import engine, patched_ranges
from edgekit.quantize.rewrite.patched_ranges import PatchedRanges
from edgekit.tflite import Model


class RangeTrials:
    """What a recipe gives with other ranges.

    Args:
        prepared: The float file, its weights and the ranges that `model` was made with.
        recipe: A static one.
        exceptions: What single operators have instead.
        model: The recipe as it was applied to it, which is changed in place from now on.
        other: Ranges as different from those as can be, to learn from.
    """

    def __init__(
        self,
        prepared: Prepared,
        recipe: Recipe,
        exceptions: engine.Exceptions,
        model: Model,
        other: Ranges,
    ) -> None:
        self._prepared, self._recipe, self._exceptions = prepared, recipe, exceptions
        self._model, self._other = model, other

    def outputs(self, ranges: Ranges, inputs: Mapping[str, np.ndarray]) -> scores.Outputs:
        """Outputs for samples, with these ranges.

        Raises:
            QuantizeError: The quantizer refused it, or the interpreter could not run it.
        """
        patched = self._patched
        if patched is None or self._kept(ranges) != self._kept(self._other):
            return scores.outputs(self._made(ranges), inputs)
        if not patched.set(ranges):
            return scores.outputs(self._made(ranges), inputs)
        return scores.outputs(patched.model, inputs, serialize=patched.serialize)

    @cached_property
    def _patched(self) -> PatchedRanges | None:
        first = self._prepared.ranges
        assert first is not None  # the recipe is static
        if self._kept(first) != self._kept(self._other):
            return None
        before = engine.parsed(self._prepared.float_model)
        second = self._made(self._other), self._other
        return patched_ranges.learn(before, (self._model, first), second, self._prepared.weights)

    def _made(self, ranges: Ranges) -> Model:
        copied = {name: dict(sides) for name, sides in ranges.items()}  # the quantizer changes them
        return replace(self._prepared, ranges=copied).apply(self._recipe, self._exceptions)

    def _kept(self, ranges: Ranges) -> engine.Exceptions:
        """What ranges themselves ask to be left as it is."""
        how = self._recipe.quantize
        assert how is not None
        return engine.kept_float(engine.parsed(self._prepared.float_model), how, ranges)
