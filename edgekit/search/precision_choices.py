"""Choices of precisions that were tried on one quantized file, and those that hold a bound."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import ModelError, QuantizeError
from edgekit.core.process import Progress
from edgekit.core.records import Device, Quantization, Recipe
from edgekit.data.samples import Samples
from edgekit.quantize import select
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.quantize.diagnose import layer_errors
from edgekit.search import explain, operator_groups, run_model
from edgekit.search.greedy import smallest
from edgekit.search.loss_bound import NOTHING, Bound, Verdict
from edgekit.search.operator_groups import OperatorGroup
from edgekit.tflite import Model

# As in `diagnose.sensitivity`, a run reads and writes so many numbers for each sample. What may be
# tried is counted, not timed, so that equal conversions give equal files: 8e9 take 40 s.
_WORK = 8e9
# An operator that leaves the outputs at more than this is not to blame by itself.
_HARMLESS_DB = 60.0
_FEWEST_TRIALS, _MOST_TRIALS = 16, 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Solution:
    """Groups that are kept, what they have instead, and what the file then loses.

    `needed` are those without which the bound does not hold, as far as was tried.
    """

    kept: tuple[OperatorGroup, ...]
    fallback: str
    verdict: Verdict
    needed: tuple[OperatorGroup, ...]
    closes_gaps: bool = False

    @property
    def num_operators(self) -> int:
        """How many operators are kept."""
        return sum(len(group.operators) for group in self.kept)

    def reasons(self, *, sure: bool) -> dict[int, str]:
        """Why, by the operator's index.

        Args:
            sure: Whether the samples can show the bound (see `latency_cost.choose`).
        """
        return {
            index: self._reason(group, sure) for group in self.kept for index in group.operators
        }

    def _reason(self, group: OperatorGroup, sure: bool) -> str:
        if group not in self.needed:
            if self.closes_gaps:
                return "between operators that are kept: fewer casts"
            if sure:
                return "the file is faster with it kept"
            return "too few samples to be sure of its range, and the file is as fast with it kept"
        if group.sqnr_db > _HARMLESS_DB:
            return "kept with those that do harm, until the bound held"
        if group.sqnr_db < 0:
            return "its error alone drowns the outputs"
        return f"its error alone leaves the outputs at {group.sqnr_db:.1f} dB"


class Trials:
    """One recipe's file with other precisions for some operators, as often as is asked.

    Args:
        before: The float file.
        recipe: What is done to it.
        prepared: How it does that best.
        bound: What may be lost, with the samples that judge it.
        fit: Samples to rank operators by.
        device: What the file is for.
        report: Takes one line of progress.
    """

    def __init__(
        self,
        before: Model,
        recipe: Recipe,
        prepared: Prepared,
        bound: Bound,
        *,
        fit: Samples,
        device: Device,
        report: Progress,
    ) -> None:
        self.before, self.recipe, self._prepared = before, recipe, prepared
        self._bound, self._device, self._report = bound, device, report
        self._fit = fit
        self._by_hand = select.by_hand(before, recipe)
        # What was left to floats for a channel's sake is not to be had in another form.
        floats = [i for i, one in prepared.instead.items() if one.recipe == "float32"]
        self._fixed = {**dict.fromkeys(floats), **self._by_hand}
        self._found: dict[tuple[str, ...], Verdict] = {}
        self.nearest: tuple[Verdict, int] = (NOTHING, 0)
        main = tflite.binding(before).subgraph
        self._operators = {op.index: op for op in tflite.operators(before) if op.subgraph == main}
        self.num_operators = len(self._operators)
        self.given = prepared.reasons

    def exceptions(
        self, kept: Sequence[OperatorGroup], fallback: str
    ) -> dict[int, Quantization | None]:
        """What single operators have instead, by hand and by these groups."""
        wanted = (
            operator_groups.exceptions(self.before, self._operators, kept, fallback) | self._by_hand
        )
        return dict(self._prepared.exceptions(wanted))

    def model(self, kept: Sequence[OperatorGroup], fallback: str) -> Model:
        """The quantized model with these groups kept."""
        return self._prepared.apply(self.recipe, self.exceptions(kept, fallback))

    def judge(self, kept: Sequence[OperatorGroup], fallback: str) -> Verdict:
        """What the file loses with these groups kept."""
        key = (fallback, *(str(group.operators[0]) for group in kept))
        if key not in self._found:
            verdict = self._measured(kept, fallback)
            self._found[key] = verdict
            count = sum(len(group.operators) for group in kept)
            if verdict.excess <= self.nearest[0].excess:
                self.nearest = verdict, count
            if kept:
                self._report(
                    f"{self.recipe.name}: {count} of {self.num_operators} operators in "
                    f"{fallback}: {explain.value(self._bound, verdict)}"
                )
        return self._found[key]

    def _measured(self, kept: Sequence[OperatorGroup], fallback: str) -> Verdict:
        try:
            model = self.model(kept, fallback)
            outputs = run_model.outputs(model, self._bound.held)
            verdict = self._bound.judge(outputs)
            if not (verdict.holds and self._bound.uses_margins and len(self._bound.others)):
                return verdict
            others = run_model.outputs(model, self._bound.others)
        except (QuantizeError, ModelError) as error:
            if not kept:  # the file as it is has to work; of others, not every mixture does
                raise
            self._report(f"{self.recipe.name}: {fallback} cannot be had so: {error.rule}")
            return NOTHING
        return self._bound.judge(
            {name: np.concatenate([outputs[name], others[name]]) for name in outputs}
        )

    def _holds(self, fallback: str) -> Callable[[tuple[OperatorGroup, ...]], bool]:
        return lambda part: self.judge(part, fallback).holds

    def solutions(self) -> list[Solution]:
        """What holds the bound, one for each way to fall back; none where nothing does."""
        ranked = self._ranked()
        every = recipes.fallbacks(self.recipe, self._device)
        trials = self._affordable()
        solutions: list[Solution] = []
        for fallback in every:
            if solutions and fallback == every[-1]:
                break  # float is the last resort: it gains nothing
            known = [group for group in ranked if self._changes(group, fallback)]
            if len(known) == len(ranked) and fallback == "float32":
                known = known[:-1]  # a file of which nothing is quantized is the float file
            if not known:
                continue
            kept = smallest(known, self._holds(fallback), trials)
            if kept is None:
                continue
            solutions += self._variants(tuple(kept), known, fallback)
            if self.recipe.quantize and not self.recipe.quantize.needs_ranges:
                break  # one way is enough where all of them compute in float
        return solutions

    def _variants(
        self, kept: tuple[OperatorGroup, ...], known: Sequence[OperatorGroup], fallback: str
    ) -> list[Solution]:
        """A solution; for integer activations, the same with small gaps closed, and all kept.

        What is about size alone gains nothing by keeping more.
        """
        how = self.recipe.quantize
        ranges = how is not None and how.needs_ranges
        solutions = []
        closed = tuple(self._closed(kept, known)) if ranges else kept
        for some in dict.fromkeys((kept, closed, tuple(known) if ranges else kept)):
            verdict = self.judge(some, fallback)
            if verdict.holds:
                solutions.append(
                    Solution(
                        kept=some,
                        fallback=fallback,
                        verdict=verdict,
                        needed=kept,
                        closes_gaps=some == closed,
                    )
                )
        return solutions

    def _closed(
        self, kept: Sequence[OperatorGroup], known: Sequence[OperatorGroup]
    ) -> list[OperatorGroup]:
        """With the groups without weights that stand between two kept ones."""
        order = sorted(known, key=lambda group: group.operators)
        inside = {group.operators for group in kept}
        return [
            group
            for place, group in enumerate(order)
            if group.operators in inside
            or (
                not group.weighted
                and 0 < place < len(order) - 1
                and order[place - 1].operators in inside
                and order[place + 1].operators in inside
            )
        ]

    def _ranked(self) -> list[OperatorGroup]:
        float_model = self._prepared.float_model
        samples = layer_errors.usable(float_model, self._fit)
        self._report(f"{self.recipe.name}: looking for the operators to blame")
        errors = layer_errors.layer_errors(
            float_model,
            tflite.to_bytes(self.model((), "float32")),
            samples,
            on_progress=self._report,
        )
        groups = operator_groups.group_operators(self.before, self.recipe, errors, self._fixed)
        return operator_groups.ranked(groups, self.recipe)

    def _changes(self, group: OperatorGroup, fallback: str) -> bool:
        """Whether it would have something else than the recipe gives it."""
        instead = operator_groups.exceptions(self.before, self._operators, [group], fallback)
        now = self.exceptions((), fallback)
        return any(
            recipes.name_of(
                select.effective(
                    self.before, self._operators[index], now.get(index, self.recipe.quantize)
                )
            )
            != recipes.name_of(how)
            for index, how in instead.items()
        )

    def _affordable(self) -> int:
        known = tflite.tensors(self.before, tflite.binding(self.before).subgraph)
        one_run = sum(math.prod(abs(s) for s in t.shape) + t.weight_bytes // 4 for t in known)
        count = len(self._bound.held) + (len(self._bound.others) if self._bound.uses_margins else 0)
        return int(min(max(_WORK / max(1, one_run * count), _FEWEST_TRIALS), _MOST_TRIALS))
