"""The fewest operators in another precision, so that a quantized file loses no more than asked.

Operators are ranked by what their errors alone do to the outputs. The shortest stretch of that
ranking is kept for which the bound holds; then whatever need not be kept is given back. What is
kept becomes what it can: dense layers and convolutions with dynamic ranges or with integer
weights only, everything else float. The bound is measured on calibration samples that the
quantization was not fitted to; where these are too few to show it, the margins of the classes are
asked (`expected_loss`). All of it runs in one child, which can be ended; trials are counted, not
timed, so that equal conversions try the same.
"""

from __future__ import annotations

from pathlib import Path

from edgekit import tflite
from edgekit.core.errors import BoundNotHeld
from edgekit.core.process import Progress
from edgekit.core.records import Kept, Repair
from edgekit.data.samples import Samples
from edgekit.data.split import held_back
from edgekit.quantize import select, stage
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.search import explain, latency_cost, run_model
from edgekit.search.loss_bound import Bound, Verdict
from edgekit.search.precision_choices import Solution, Trials
from edgekit.search.search_messages import HeldFile, KeepRequest, KeepResult
from edgekit.tflite.trained_ranges import plain


def run(request: KeepRequest, report: Progress) -> KeepResult:
    """Hold a bound for every recipe; files are replaced in place.

    Raises:
        BoundNotHeld: For one of the recipes no choice of precisions holds it.
        UsageError: The bound is one that these samples cannot tell.
    """
    fit, held = held_back(Samples.load(request.calibration), request.seed)
    samples = run_model.joined(held, fit)
    report(f"bound: running the float file on {len(samples)} samples")
    before = tflite.read(plain(request.float_file.read_bytes())[0])
    expected = run_model.outputs(tflite.read(request.original.read_bytes()), samples)
    bound = Bound(request.contract, samples, expected, len(held), request.loss)
    done = []
    for file in request.files:
        prepared = Prepared.load(file.prepared)
        trials = Trials(
            before, file.recipe, prepared, bound, fit=fit, device=request.device, report=report
        )
        done.append(_Repair(trials, bound, request, report).hold(file.path))
    return KeepResult(files=tuple(done))


class _Repair:
    """The repair of one file."""

    def __init__(
        self, trials: Trials, bound: Bound, request: KeepRequest, report: Progress
    ) -> None:
        self._trials, self._bound, self._request = trials, bound, request
        self._report = report
        self._first = trials.judge((), "float32")

    def hold(self, path: Path) -> HeldFile:
        """Keep what must be kept and write the file anew; see `run`."""
        name = self._trials.recipe.name
        self._report(f"{name}: {explain.value(self._bound, self._first)} with nothing kept")
        if self._first.holds:
            return HeldFile(repair=self._record(self._first))
        solutions = self._trials.solutions()
        if not solutions:
            raise self._not_held()
        if self._request.device != "cpu":  # what takes how long there, this machine does not know
            fewest = min(solutions, key=lambda s: s.num_operators)
            return self._write(fewest, path, None, sure=True)
        times = self._timed(solutions, path)
        how = self._trials.recipe.quantize
        sure = not (how is not None and how.needs_ranges and self._bound.uses_margins)
        chosen = latency_cost.choose([s.num_operators for s in solutions], times, sure=sure)
        return self._write(solutions[chosen], path, times[chosen], sure)

    def _timed(self, solutions: list[Solution], path: Path) -> list[latency_cost.Times]:
        """How long each solution takes; their files lie beside `path` for a while."""
        places = []
        for number, solution in enumerate(solutions):
            place = path.with_suffix(f".{number}.tflite")
            model = self._trials.model(solution.kept, solution.fallback)
            place.write_bytes(tflite.to_bytes(model))
            places.append(place)
        times = latency_cost.measure(
            self._request.original,
            path,
            places,
            limits=self._request.limits,
            report=self._report,
        )
        for place in places:
            place.unlink()
        return times

    def _write(
        self, solution: Solution, path: Path, times: latency_cost.Times | None, sure: bool
    ) -> HeldFile:
        trials, recipe = self._trials, self._trials.recipe
        reasons = solution.reasons(sure=sure)
        exceptions = trials.exceptions(solution.kept, solution.fallback)
        size_before = path.stat().st_size
        written = stage.finish(
            trials.model(solution.kept, solution.fallback),
            trials.before,
            stage.FileSpec(
                path=path,
                recipe=recipe,
                contract=self._request.contract,
                name=self._request.name,
            ),
            exceptions,
            trials.given | reasons,
        ).compress()
        kept = select.kept(trials.before, recipe, {i: exceptions[i] for i in reasons}, reasons)
        added = written.size_bytes - size_before
        repair = self._record(solution.verdict, added_bytes=added, times=times, kept=kept)
        return HeldFile(repair=repair, written=written)

    def _record(
        self,
        verdict: Verdict,
        *,
        added_bytes: int = 0,
        times: latency_cost.Times | None = None,
        kept: tuple[Kept, ...] = (),
    ) -> Repair:
        bound = self._bound
        return Repair(
            quantity=verdict.quantity or bound.quantity,
            limit=bound.limits.limit,
            at_least=bound.limits.max_loss is None,
            value=verdict.value,
            low=verdict.low,
            high=verdict.high,
            unrepaired=self._first.value,
            num_samples=bound.num_held,
            num_operators=self._trials.num_operators,
            kept=kept,
            added_bytes=added_bytes,
            latency_to_float=times.to_float if times else None,
            latency_to_unrepaired=times.to_unrepaired if times else None,
            note=explain.note(bound, verdict),
        )

    def _not_held(self) -> BoundNotHeld:
        bound, trials = self._bound, self._trials
        nearest, kept = trials.nearest
        return BoundNotHeld(
            f"{trials.recipe.name} could not hold {explain.limit(bound)}, even with operators in "
            "higher precision.",
            received=f"at best {explain.value(bound, nearest)} on {bound.num_held} held-out "
            f"samples, with {kept} of {trials.num_operators} operators kept; with none kept "
            f"{explain.value(bound, self._first)}",
            hint="nothing was written. Allow more, give more calibration samples, "
            f"{'prune less, ' if trials.recipe.prune else ''}or take a recipe that loses less: "
            "weight_only_wi8_afp32 or float16.",
        )
