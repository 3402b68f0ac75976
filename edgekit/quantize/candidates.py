"""Which way to quantize serves a model best: tried on calibration samples held out for it.

Round-to-nearest with the extremes as ranges is always among the candidates, and has to be
beaten, by more than chance.

Two thirds of the samples fit, one third judges. For a static recipe the method of ranges with the
smallest error of the outputs is taken first, each third judged by ranges from the other two, with
biases corrected and weights as they are. Then the weights are refined (`refine`), and all of it is
tried for an equalized copy of the float file too (`equalize`). Where a channel of the outputs has
lost its content even so, operators that take it are left to floats (`apart.keep_apart`). What was
tried is in the manifest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import numpy as np

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import QuantizeError
from edgekit.core.records import Candidate, Contract, Device, Quantization, Recipe
from edgekit.data import split
from edgekit.data.samples import Samples
from edgekit.quantize import kernel_choices, select
from edgekit.quantize.apart import keep_apart
from edgekit.quantize.calibrated_recipe import Instead, Prepared
from edgekit.quantize.calibration import attention_masks, clipped_ranges, equalize, infinite_pads
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.quantize.calibration.variants import HELD, Variant, thirds
from edgekit.quantize.diagnose import scores
from edgekit.quantize.diagnose.single_operator import live_bytes
from edgekit.quantize.range_trials import RangeTrials
from edgekit.quantize.rewrite import engine, int4_kernels
from edgekit.quantize.trained.apply_trained import as_trained
from edgekit.quantize.weights.float_outputs import FloatOutputs
from edgekit.quantize.weights.refine import Method, refine
from edgekit.tflite import Model, exact_rewrites, pointwise_as_dense
from edgekit.tflite.quantized_weights import QuantizedWeights
from edgekit.tflite.trained_ranges import plain

# What activations of all samples may take while weights are refined.
_ACTIVATION_BYTES = 700 * 2**20
# The float file's activations and the quantized one's, with what an operator gives.
_COPIES = 2.5
# A copy of the float file agrees with it at least as well as the float file with Keras.
_SAME_DB = 80.0
# Samples that scores of attention are looked at in.
_LOOKED_AT = 32
_NEAREST = Method(gptq=False, bias_correction=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    """One way to quantize: what, by which method of ranges (None without any), with which weights.

    With round-to-nearest, weights are what the quantizer gives by itself.
    """

    recipe: Recipe
    variant: Variant
    ranges: str | None
    method: Method = _NEAREST

    @property
    def name(self) -> str:
        """As it stands in the manifest."""
        return f"{self.variant.name}{f'{self.ranges}, ' if self.ranges else ''}{self.method.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Tried:
    """A plan that was carried out, and how far its outputs lie from float."""

    plan: _Plan
    weights: Mapping[int, QuantizedWeights]
    outputs: scores.Outputs
    errors: np.ndarray
    worst_db: float
    apart: Mapping[int, Instead] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As it stands in the manifest."""
        return f"{self.plan.name}, channels apart" if self.apart else self.plan.name


class Search:
    """One float file and its calibration samples; what is found once serves all recipes.

    Args:
        float_model: The `.tflite`. Fake quantization is taken out of it, and static recipes have
            the ranges and weights that it was trained with.
        samples: Calibration samples, if there are any.
        contract: The file's inputs and outputs.
        seed: Of every draw.
        bounded: Whether a bound will be measured on the third that is held out: no part of
            the file may then come from it. Else only weights do without it: more samples
            make ranges better.
        device: What the files are for.
        report: Takes one line of progress.

    Attributes:
        notes: What is to be said of the files.
    """

    def __init__(
        self,
        float_model: bytes,
        samples: Samples | None,
        contract: Contract,
        *,
        seed: int,
        bounded: bool = False,
        device: Device = "cpu",
        report: Callable[[str], None],
    ) -> None:
        self._float_model, self._trained = plain(float_model)
        self._contract = contract
        self._seed, self._bounded, self._report = seed, bounded, report
        self._model = tflite.read(self._float_model)
        self._samples, self._device = samples, device
        self._exact: FloatOutputs | None = None
        self._faster: dict[tuple[Recipe, str], dict[int, Instead]] = {}
        self._chosen: Mapping[int, Instead] | None = None
        self._dense: dict[int, tuple[Model, Model]] = {}  # by identity, which the first keeps
        self.notes: list[str] = []

    def prepare(self, recipe: Recipe, chosen: Mapping[int, Instead] | None = None) -> Prepared:
        """How a recipe quantizes this model best.

        Args:
            recipe: What is done to it.
            chosen: What single operators have instead, by index, where the precision of each was
                weighed: then none has another one because it is cheap.

        Raises:
            QuantizeError: It needs samples and there are none.
        """
        how, self._chosen = recipe.quantize, chosen
        if how is None or (self._samples is None and not how.needs_calibration):
            return Prepared(float_model=self._float_model)
        if self._samples is None:
            raise QuantizeError(
                f"{recipe.name} needs calibration samples, to choose ranges and weights by.",
                received="none",
                hint="pass --calibration DATA.npz (100 to 500 samples).",
            )
        if how.needs_ranges and self._trained:
            _refuse_trained(recipe, how)
            ranges = self._ranges(self._plain, "extremes")
            return as_trained(self._float_model, ranges, self._trained, self._device)
        static = how.needs_ranges or any(other.needs_ranges for other in _others(how))
        if not how.refines_weights:
            if not static:
                return Prepared(float_model=self._float_model)
            plain = self._plan(recipe, self._limited, "extremes")
            return Prepared(
                float_model=plain.variant.content,
                ranges=self._ranges(plain.variant, plain.ranges),
                instead=self._instead(plain),
                rewritten=pointwise_as_dense.count(self._model, plain.variant.model),
            )
        tried = self._static(recipe) if static else self._weight_only(recipe)
        best = _best(tried, plain_is_good=how.code_bits >= 8)
        if how.needs_ranges:
            apart = self._apart(best)
            tried, best = [*tried, *([] if apart is None else [apart])], apart or best
        return Prepared(
            float_model=best.plan.variant.content,
            ranges=self._ranges(best.plan.variant, best.plan.ranges),
            weights=best.weights,
            instead={**self._instead(best.plan), **best.apart},
            equalized=best.plan.variant.exponents,
            rewritten=pointwise_as_dense.count(self._model, best.plan.variant.model),
            candidates=tuple(
                Candidate(name=t.name, sqnr_db=round(t.worst_db, 2), chosen=t is best)
                for t in tried
            ),
        )

    def with_precisions(
        self, recipe: Recipe, prepared: Prepared, chosen: Mapping[int, Instead]
    ) -> Prepared:
        """What `prepare` found, with other precisions: weights are chosen anew for them.

        Args:
            recipe: What `prepared` was made by.
            prepared: Its ranges, and the copy of the float file, stay.
            chosen: What single operators have instead, by index.
        """
        before = engine.parsed(prepared.float_model)
        changed = replace(prepared, instead=chosen, weights={}, candidates=())
        by_hand = select.by_hand(before, recipe)
        method = _method(recipe)
        if not method.changes_weights:
            return changed
        model = changed.apply(recipe, by_hand)
        weights = refine(before, model, self._fit.inputs, method, seed=self._seed)
        return replace(changed, weights=weights)

    def held_sqnr_db(self, model: Model) -> float:
        """How near a model's outputs come to float's on the third that is held out, in dB."""
        held = self._thirds[HELD].inputs
        return scores.sqnr_db(self._expected[HELD], scores.outputs(model, held))

    def _ranges(self, variant: Variant, method: str | None) -> Ranges | None:
        """Ranges of the file, which are those that weights are fitted with."""
        if method is None:
            return None
        return variant.ranges(method, HELD if self._bounded else None)

    @cached_property
    def _thirds(self) -> list[Samples]:
        assert self._samples is not None
        self._report(f"calibrating on {len(self._samples)} samples")
        return thirds(self._samples, self._seed)

    @cached_property
    def _fit(self) -> Samples:
        """As many of the samples to fit to as memory holds, all of their activations at once."""
        assert self._samples is not None
        fit, _ = split.held_back(self._samples, self._seed)
        most = max(1, int(_ACTIVATION_BYTES / (_COPIES * max(1, live_bytes(self._model)))))
        return fit if len(fit) <= most else fit.take(range(most))

    @cached_property
    def _expected(self) -> list[scores.Outputs]:
        return [scores.outputs(self._model, third.inputs) for third in self._thirds]

    @cached_property
    def _plain(self) -> Variant:
        return Variant(self._model, self._thirds, self._contract)

    @cached_property
    def _limited(self) -> Variant:
        """What static recipes quantize: the float file, or one without huge masks and pads."""
        few = self._fit.take(range(min(_LOOKED_AT, len(self._fit))))
        model = attention_masks.limited(self._model, few.inputs)
        model = infinite_pads.limited(model, self._fit.inputs)
        if model is self._model:
            return self._plain
        return Variant(model, self._thirds, self._contract)

    @cached_property
    def _equalized(self) -> Variant | None:
        plain = self._limited.model
        pairs = equalize.pairs(plain)
        if not pairs:
            return None
        model, exponents = equalize.equalized(plain, self._fit.inputs, pairs)
        held = self._thirds[HELD].inputs
        expected = self._expected[HELD] if plain is self._model else scores.outputs(plain, held)
        if scores.sqnr_db(expected, scores.outputs(model, held)) < _SAME_DB:
            return None  # of huge factors floats lose digits
        return Variant(model, self._thirds, self._contract, "equalized, ", exponents)

    def _static(self, recipe: Recipe) -> list[_Tried]:
        """Plain, then refined on the best ranges; the same of the equalized copy."""
        tried = []
        for variant in filter(None, (self._limited, self._equalized)):
            plan = self._plan(recipe, variant, ranges="extremes")
            tried.append(self._try(plan))
            best = replace(plan, ranges=self._best_ranges(plan))
            if best != plan:
                tried.append(self._try(best))
            tried.append(self._refined(replace(best, method=_method(recipe))))
            self._exact = None
        return tried

    def _plan(self, recipe: Recipe, variant: Variant, ranges: str | None) -> _Plan:
        how = recipe.quantize
        assert how is not None
        if int4_kernels.takes_dense(how, self._device):
            variant = variant.with_model(self._as_dense(variant.model))
        method = replace(_NEAREST, bits=how.storage_bits)
        return _Plan(recipe=recipe, variant=variant, ranges=ranges, method=method)

    def _as_dense(self, model: Model) -> Model:
        """A model with dense layers for convolutions of one pixel, if it is proven the same."""
        if id(model) not in self._dense:
            dense = pointwise_as_dense.rewritten(model)
            wrong = "" if dense is model else exact_rewrites.Proof(model).says(dense)
            if wrong:
                self.notes.append(f"{pointwise_as_dense.NAME} was left out: {wrong}")
            self._dense[id(model)] = (model, model if wrong else dense)
        return self._dense[id(model)][1]

    def _best_ranges(self, plan: _Plan) -> str:
        """The method of ranges with the smallest error over all thirds, each held out once.

        The weights are the same for all, and their biases corrected, which is cheap: what
        weights lose would hide what ranges lose.
        """
        recipe, variant = plan.recipe, plan.variant
        cheap = replace(plan, method=replace(_method(recipe), gptq=False, bits=None))
        model = self._quantized(cheap)
        prepared = Prepared(
            float_model=variant.content,
            ranges=self._ranges(variant, cheap.ranges),
            weights=self._weights(cheap, model),
        )
        other = variant.ranges(clipped_ranges.METHODS[-1], 0)
        trials = RangeTrials(prepared, recipe, self._fixed(cheap), model, other)
        methods = []
        for method in ("extremes", *clipped_ranges.METHODS):
            self._report(f"calibrating: {recipe.name}, {variant.name}{method}")
            errors = []
            for i, third in enumerate(self._thirds):
                outputs = trials.outputs(variant.ranges(method, i), third.inputs)
                errors.append(scores.errors(self._expected[i], outputs))
            methods.append((method, np.concatenate(errors, axis=1)))
        (usual, base), *others = methods
        better = [(name, errors) for name, errors in others if scores.better(errors, base)]
        if not better:
            return usual
        return min(better, key=lambda pair: scores.relative(pair[1], base).mean())[0]

    def _apart(self, best: _Tried) -> _Tried | None:
        """The best, with operators in floats that take a channel's content; None where none do."""
        plan, expected = best.plan, self._expected[HELD]
        if not (_finite(expected) and _finite(best.outputs)):
            return None
        before = scores.all_channels(expected, best.outputs, self._contract)
        worst = keep_apart.worst(before)
        if not keep_apart.is_lost(worst, self._device):
            return None
        ranges = self._ranges(plan.variant, plan.ranges)
        assert ranges is not None
        task = keep_apart.Task(
            content=plan.variant.content,
            model=plan.variant.model,
            recipe=plan.recipe,
            ranges=ranges,
            fixed=self._fixed(plan),
            contract=self._contract,
            fit=self._fit,
            held=self._thirds[HELD],
            expected=expected,
            device=self._device,
        )
        kept = keep_apart.find(task, self._report)
        if not kept:
            return None
        model = engine.quantized(plan.variant.content, plan.recipe, ranges, {**kept, **task.fixed})
        new = self._scored(plan, model, self._weights(plan, model))
        if not _finite(new.outputs) or not keep_apart.keeps(
            scores.all_channels(expected, new.outputs, self._contract), before
        ):
            return None
        reason = (
            f"in integers it takes the content of {worst.name}: {worst.sqnr_db:.1f} dB, "
            f"and {new.worst_db:.1f} dB with it kept"
        )
        self._report(
            f"{plan.recipe.name}: {worst.name} from {worst.sqnr_db:.1f} to {new.worst_db:.1f} dB "
            f"with {len(kept)} operators computed in floats"
        )
        apart = {i: Instead(recipe=recipes.name_of(how), reason=reason) for i, how in kept.items()}
        return replace(new, apart=apart)

    def _weight_only(self, recipe: Recipe) -> list[_Tried]:
        plan, method = self._plan(recipe, self._plain, ranges=None), _method(recipe)
        plain = self._try(plan)
        assert recipe.quantize is not None
        if recipe.quantize.code_bits == 8 or not method.gptq:
            return [plain, self._refined(replace(plan, method=method))]
        # Two cores are used better by both at once than by one after the other.
        plans = [replace(plan, method=m) for m in (method, replace(method, refit=True))]
        self._report(f"rounding weights: {recipe.name}, {' and '.join(p.name for p in plans)}")
        models = [self._quantized(each) for each in plans]
        with ThreadPoolExecutor(len(plans)) as pool:
            threads = max(1, (os.cpu_count() or 1) // len(plans))
            weights = list(pool.map(partial(self._weights, num_threads=threads), plans, models))
        return [plain, *map(self._scored, plans, models, weights)]

    def _refined(self, plan: _Plan) -> _Tried:
        self._report(f"rounding weights: {plan.recipe.name}, {plan.variant.name}{plan.method.name}")
        return self._try(plan)

    def _try(self, plan: _Plan) -> _Tried:
        model = self._quantized(plan)
        return self._scored(plan, model, self._weights(plan, model))

    def _quantized(self, plan: _Plan) -> Model:
        """What the quantizer makes of it, before weights are refined."""
        ranges = self._ranges(plan.variant, plan.ranges)
        return engine.quantized(plan.variant.content, plan.recipe, ranges, self._fixed(plan))

    def _fixed(self, plan: _Plan) -> dict[int, Quantization | None]:
        """What single operators have whatever is tried: asked for by hand, or better so."""
        instead = self._instead(plan).items()
        wanted = {index: recipes.get(one.recipe).quantize for index, one in instead}
        return {**wanted, **select.by_hand(plan.variant.model, plan.recipe)}

    def _instead(self, plan: _Plan) -> dict[int, Instead]:
        """What single operators have instead, for the sake of kernels or because it is cheap."""
        model, recipe = plan.variant.model, plan.recipe
        key = (recipe, plan.variant.name)
        if key not in self._faster:
            by_hand = select.by_hand(model, recipe)
            self._faster[key] = kernel_choices.faster(model, recipe, self._device, by_hand)
        if self._chosen is not None:
            return {**self._faster[key], **self._chosen}
        if not plan.method.changes_weights:
            return self._faster[key]
        return {**kernel_choices.cheap(model, recipe, self._device), **self._faster[key]}

    def _weights(
        self, plan: _Plan, model: Model, num_threads: int | None = None
    ) -> Mapping[int, QuantizedWeights]:
        """Refined weights, which are written into `model`; none for round-to-nearest."""
        if not plan.method.changes_weights:
            return {}
        if plan.ranges is not None and self._exact is None:  # several follow on one float file
            self._exact = FloatOutputs(plan.variant.model, self._fit.inputs, num_threads)
        return refine(
            plan.variant.model,
            model,
            self._fit.inputs,
            plan.method,
            seed=self._seed,
            num_threads=num_threads,
            exact=self._exact,
        )

    def _scored(self, plan: _Plan, model: Model, weights: Mapping[int, QuantizedWeights]) -> _Tried:
        expected = self._expected[HELD]
        outputs = scores.outputs(model, self._thirds[HELD].inputs)
        return _Tried(
            plan=plan,
            weights=weights,
            outputs=outputs,
            errors=scores.errors(expected, outputs),
            worst_db=scores.worst_channel_db(expected, outputs, self._contract),
        )


def _best(tried: Sequence[_Tried], *, plain_is_good: bool) -> _Tried:
    """The candidate with the smallest error, if it beats the first, which is the plain one.

    Of those that chance could have put behind it, the last: the most refined.

    Args:
        tried: The plain one first.
        plain_is_good: Whether the others have to beat it by more than chance. Int4 weights
            from round-to-nearest are known to be bad: there the smaller error decides.
    """
    plain, *others = tried

    def error(candidate: _Tried) -> float:
        return float(scores.relative(candidate.errors, plain.errors).mean())

    def beats_plain(candidate: _Tried) -> bool:
        if plain_is_good:
            return scores.better(candidate.errors, plain.errors)
        return error(candidate) < error(plain)

    ahead = [candidate for candidate in others if beats_plain(candidate)]
    if not ahead:
        return plain
    best = min(ahead, key=error)
    return [t for t in ahead if t is best or not scores.better(best.errors, t.errors)][-1]


def _refuse_trained(recipe: Recipe, how: Quantization) -> None:
    """Refuse codes of other bits than a model was trained with."""
    if how.storage_bits is not None:
        raise QuantizeError(
            "--storage-bits cannot be had of a model that was trained with its rounding.",
            received=f"{recipe.name}, whose weights were trained in 8 bits",
            hint="leave --storage-bits out, or use --recipe weight_only_wi8_afp32.",
        )


def _finite(outputs: scores.Outputs) -> bool:
    return all(np.isfinite(values).all() for values in outputs.real.values())


def _method(recipe: Recipe) -> Method:
    assert recipe.quantize is not None
    return Method(
        gptq=recipe.quantize.rounding == "gptq",
        bias_correction=recipe.quantize.bias_correction,
        bits=recipe.quantize.storage_bits,
    )


def _others(how: Quantization) -> list[Quantization]:
    others = [recipes.get(override.recipe).quantize for override in how.overrides]
    return [other for other in others if other is not None]
