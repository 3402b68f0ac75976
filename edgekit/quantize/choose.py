"""Which way to quantize serves a model best: tried on calibration samples held back for it.

Plain rounding with the extremes as ranges is always among the candidates, and has to be
beaten.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

from edgekit import flatbuffer
from edgekit.data import parts
from edgekit.data.samples import Samples
from edgekit.errors import QuantizeError
from edgekit.flatbuffer import Model
from edgekit.quantize import calibrate, engine, equalize, scores
from edgekit.quantize import ranges as narrowing
from edgekit.quantize.alone import live_bytes
from edgekit.quantize.calibrate import Ranges
from edgekit.quantize.patch import Weights
from edgekit.quantize.prepare import Prepared
from edgekit.quantize.refine import Method, refine
from edgekit.records import Candidate, Contract, Quantization, Recipe

# Fewer samples than this cannot be divided: they serve for both.
_DIVISIBLE = 3
# What activations of all samples may take while weights are refined, in bytes.
_ACTIVATIONS = 700 * 2**20
# The float file's activations and the quantized one's, with what an operator gives.
_COPIES = 2.5


def held_back(samples: Samples, seed: int) -> tuple[Samples, Samples]:
    """Two thirds to fit to, and a third to judge by. The same seed divides them alike."""
    if len(samples) < _DIVISIBLE:
        return samples, samples
    held = len(samples) // 3
    divided = parts.split(samples, {"fit": len(samples) - held, "held": held}, seed)
    return divided["fit"], divided["held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """One candidate: what it is, how far it lies from float, and how to make it again."""

    name: str
    error: float
    sqnr_db: float
    variant: _Variant
    ranges: Ranges | None
    weights: dict[int, Weights] = field(default_factory=dict)


class _Variant:
    """The float file, or its equalized twin, with what calibration found in it."""

    def __init__(self, model: Model, fit: Samples, contract: Contract, name: str) -> None:
        self.model, self.name = model, name
        self.content = flatbuffer.to_bytes(model)
        self._fit, self._contract = fit, contract

    @cached_property
    def extremes(self) -> Ranges:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "float.tflite")
            path.write_bytes(self.content)
            return calibrate.collect_ranges(path, self._fit, self._contract)

    @cached_property
    def _histograms(self) -> dict[str, narrowing.Histogram]:
        return narrowing.histograms(self.model, self._fit.inputs, self.extremes)

    def ranges(self, method: str) -> Ranges:
        """By `extremes` or one of `ranges.METHODS`."""
        if method == "extremes":
            return self.extremes
        return narrowing.narrowed(self.extremes, self._histograms, method)


class Search:
    """One float file and its calibration samples; what is found once serves all recipes.

    Args:
        float_model: The `.tflite`.
        samples: Calibration samples, if there are any.
        contract: The file's inputs and outputs.
        seed: Of every draw.
        report: Takes one line of progress.
    """

    def __init__(
        self,
        float_model: bytes,
        samples: Samples | None,
        contract: Contract,
        *,
        seed: int,
        report: Callable[[str], None],
    ) -> None:
        self._float_model, self._contract = float_model, contract
        self._seed, self._report = seed, report
        self._model = flatbuffer.read(float_model)
        self._samples = samples

    def prepare(self, recipe: Recipe) -> Prepared:
        """How a recipe quantizes this model best.

        Raises:
            QuantizeError: It needs samples and there are none.
        """
        how = recipe.quantize
        if how is None or (self._samples is None and not how.needs_calibration):
            return Prepared(float_model=self._float_model)
        static = how.needs_ranges or any(other.needs_ranges for other in _others(how))
        if not how.refines_weights:
            ranges = self._plain.extremes if static else None
            return Prepared(float_model=self._float_model, ranges=ranges)
        tried = self._static(recipe) if static else self._weight_only(recipe)
        best = min(tried, key=lambda candidate: candidate.error)
        return Prepared(
            float_model=best.variant.content,
            ranges=best.ranges,
            weights=best.weights,
            candidates=tuple(
                Candidate(name=t.name, sqnr_db=round(t.sqnr_db, 2), chosen=t is best) for t in tried
            ),
        )

    @cached_property
    def _divided(self) -> tuple[Samples, Samples]:
        if self._samples is None:
            raise QuantizeError(
                "Ranges and int4 weights are chosen on calibration samples.",
                received="none",
                hint="pass --calibration DATA.npz (100 to 500 samples).",
            )
        self._report(f"calibrating on {len(self._samples)} samples")
        return held_back(self._samples, self._seed)

    @cached_property
    def _fit(self) -> Samples:
        """As many of the samples to fit to as memory holds, all of their activations at once."""
        fit = self._divided[0]
        most = max(1, int(_ACTIVATIONS / (_COPIES * max(1, live_bytes(self._model)))))
        return fit if len(fit) <= most else fit.take(range(most))

    @cached_property
    def _expected(self) -> scores.Answers:
        return scores.answers(self._model, self._divided[1].inputs)

    @cached_property
    def _plain(self) -> _Variant:
        return _Variant(self._model, self._divided[0], self._contract, "")

    @cached_property
    def _equalized(self) -> _Variant | None:
        found = equalize.pairs(self._model)
        if not found:
            return None
        model = equalize.equalized(self._model, self._fit.inputs, found)
        return _Variant(model, self._divided[0], self._contract, "equalized, ")

    def _static(self, recipe: Recipe) -> list[_Tried]:
        tried = []
        for variant in filter(None, (self._plain, self._equalized)):
            plain = []
            for method in ("extremes", *narrowing.METHODS):
                self._report(f"calibrating: {recipe.name}, {variant.name}ranges {method}")
                plain.append(self._judge(recipe, variant, variant.ranges(method), method))
            best = min(plain, key=lambda candidate: candidate.error)
            tried += [*plain, self._refined(recipe, best, _method(recipe))]
        return tried

    def _weight_only(self, recipe: Recipe) -> list[_Tried]:
        plain = self._judge(recipe, self._plain, None, "nearest")
        method = _method(recipe)
        tried = [plain, self._refined(recipe, plain, method)]
        assert recipe.quantize is not None
        if recipe.quantize.weight_bits < 8 and method.gptq:
            tried.append(self._refined(recipe, plain, replace(method, refit=True)))
        return tried

    def _judge(self, recipe: Recipe, variant: _Variant, ranges: Ranges | None, name: str) -> _Tried:
        content = engine.quantize(variant.content, recipe, ranges)
        return self._scored(flatbuffer.read(content), variant, ranges, f"{variant.name}{name}", {})

    def _refined(self, recipe: Recipe, start: _Tried, method: Method) -> _Tried:
        """The same ranges with better weights."""
        self._report(f"rounding weights: {recipe.name}, {method.name}")
        variant = start.variant
        model = flatbuffer.read(engine.quantize(variant.content, recipe, start.ranges))
        weights = refine(variant.model, model, self._fit.inputs, method, seed=self._seed)
        name = f"{start.name}, {method.name}" if start.ranges else method.name
        return self._scored(model, variant, start.ranges, name, weights)

    def _scored(
        self,
        model: Model,
        variant: _Variant,
        ranges: Ranges | None,
        name: str,
        weights: dict[int, Weights],
    ) -> _Tried:
        got = scores.answers(model, self._divided[1].inputs)
        return _Tried(
            name=name,
            error=scores.error(self._expected, got),
            sqnr_db=scores.sqnr_db(self._expected, got),
            variant=variant,
            ranges=ranges,
            weights=weights,
        )


def _method(recipe: Recipe) -> Method:
    assert recipe.quantize is not None
    return Method(
        gptq=recipe.quantize.rounding == "gptq", bias_correction=recipe.quantize.bias_correction
    )


def _others(how: Quantization) -> list[Quantization]:
    from edgekit import recipes

    found = [recipes.get(override.recipe).quantize for override in how.overrides]
    return [other for other in found if other is not None]
