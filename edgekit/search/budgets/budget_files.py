"""Files with the precisions that somebody chose: made, sized and timed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from edgekit import tflite
from edgekit.core.process import Progress
from edgekit.core.records import BenchmarkOptions, Target
from edgekit.data.samples import Samples
from edgekit.data.split import held_back
from edgekit.measure import latency
from edgekit.quantize import candidates, select, stage
from edgekit.quantize.apart.counted_cost import flows
from edgekit.quantize.calibrated_recipe import Instead, Prepared
from edgekit.quantize.rewrite import engine
from edgekit.runtimes import local
from edgekit.search.budgets import isolated_noise, operator_times
from edgekit.search.budgets.budget_messages import BudgetRequest
from edgekit.search.budgets.knapsack import Assignment, Costs, Knapsack
from edgekit.search.budgets.precision_forms import Choice, Form, choices
from edgekit.tflite import Model, signal

_TIMING = BenchmarkOptions(warmup_runs=2, num_runs=40, num_processes=1, min_seconds=0.3)
_MS = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A file's time as a multiple of the float file's, and that file's seconds."""

    to_float: float
    float_seconds: float


class BudgetFiles:
    """What can be made of one float file by one recipe, with other precisions here and there.

    Args:
        request: What is asked for.
        folder: For files that are timed.
        report: Takes one line of progress.
    """

    def __init__(self, request: BudgetRequest, folder: Path, report: Progress) -> None:
        self._request, self._folder, self._report = request, folder, report
        self.recipe = request.recipe
        samples = Samples.load(request.calibration)
        fit, held = held_back(samples, request.seed)
        self.num_fitted, self.num_held = len(fit), len(held)
        self._search = candidates.Search(
            request.float_file.read_bytes(),
            samples,
            request.contract,
            seed=request.seed,
            device=request.device,
            report=report,
        )
        self.alone = self._search.prepare(self.recipe)
        self.before = engine.parsed(self.alone.float_model)
        self.by_hand = select.by_hand(self.before, self.recipe)
        self.options = choices(self.before, self.recipe, request.device, self.alone, self.by_hand)
        self._noise = isolated_noise.measure(
            self.alone.float_model,
            fit,
            self.alone.ranges,
            self.options,
            report,
            seed=request.seed,
        )
        self.knapsack = Knapsack(
            self.options, self._noise, flows(self.before), self._operator_times()
        )

    def _operator_times(self) -> Costs:
        if self._request.device != "cpu":  # what takes how long there, this machine does not know
            return Costs()
        self._report("timing each operator by itself")
        narrow = {one.op.index: one.forms[0] for one in self.options}
        wide = {one.op.index: one.forms[-2:][0] for one in self.options}
        return operator_times.measure(
            self.before,
            self._model(self._plain(narrow)),
            self._model(self._plain(wide)),
            self.options,
        )

    def _instead(self, forms: Mapping[int, Form]) -> dict[int, Instead]:
        """What operators have in place of the recipe, with the reasons, by index."""
        result = dict(self.alone.instead)
        for choice in self.options:
            if len(choice.forms) < 2:
                continue
            form, index = forms[choice.op.index], choice.op.index
            usual = result.pop(index, None)
            if form != choice.forms[0]:
                result[index] = Instead(recipe=form.recipe, reason=self._reason(choice, form))
            elif usual is not None and usual.recipe == form.recipe:
                result[index] = usual  # for the sake of kernels, not of the budget
        return result

    def _reason(self, choice: Choice, form: Form) -> str:
        less = choice.forms[choice.forms.index(form) - 1]
        noise = self._noise.weights.get(choice.op.index, {}).get(less.weight_bits, 0.0)
        what = f"int{less.weight_bits} weights"
        if form.how is None and less.is_integer:
            ends = (*choice.op.activations, *choice.op.outputs)
            noise += sum(self._noise.activations.get(t.index, 0.0) for t in ends)
            what = "integers"
        if noise <= 0:
            return "the budget has room for it"
        db = signal.decibels(1.0, noise)
        return f"{what} lose more here for what they save ({db:.1f} dB alone)"

    def _model(self, prepared: Prepared) -> Model:
        return prepared.apply(self.recipe, self.by_hand)

    def content(self, prepared: Prepared) -> bytes:
        """The whole file, with its metadata."""
        model = self._model(prepared)
        described = stage.describe(self._request.contract, model)
        return tflite.finish(
            model,
            contract=described,
            name=self._request.name,
            description=self.recipe.summary,
        )

    def plain(self, assignment: Assignment) -> bytes:
        """A file as large and as fast as the real one, its weights as the quantizer gives them."""
        return self.content(self._plain(assignment.forms))

    def _plain(self, forms: Mapping[int, Form]) -> Prepared:
        return Prepared(
            float_model=self.alone.float_model,
            ranges=self.alone.ranges,
            instead=self._instead(forms),
        )

    def refined(self, assignment: Assignment) -> Prepared:
        """The same with weights chosen for these precisions, on the recipe's own ranges."""
        return self._search.with_precisions(
            self.recipe, self.alone, self._instead(assignment.forms)
        )

    def best(self, assignment: Assignment) -> Prepared:
        """The same with everything tried anew: ranges, equalization, weights."""
        return self._search.prepare(self.recipe, self._instead(assignment.forms))

    def held_sqnr_db(self, content: bytes) -> float:
        """How near the outputs of held-out samples come to float's, in dB."""
        return self._search.held_sqnr_db(tflite.read(content))

    def times(self, contents: Sequence[bytes]) -> list[Timed]:
        """How long files take, side by side with the original's float file in one process.

        Raises:
            RunError: One of them does not run.
        """
        paths = []
        for number, content in enumerate(contents):
            paths.append(self._folder / f"{number}.tflite")
            paths[-1].write_bytes(content)
        timed = latency.benchmark(
            [self._request.original, *paths],
            Target(),
            _TIMING,
            open_timer=local.open_timer,
            limits=self._request.limits,
            on_progress=self._report,
        )
        p50 = next(m.value for m in timed.files[0] if m.name == "latency_p50_ms")
        return [Timed(to_float=one.value, float_seconds=p50 * _MS) for one in timed.ratios]
