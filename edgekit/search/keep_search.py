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

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgekit import tflite
from edgekit.core import artifacts, serde
from edgekit.core.errors import BoundNotHeld
from edgekit.core.records import Contract, Device, Kept, Limits, Recipe, Repair
from edgekit.data.samples import Samples
from edgekit.data.split import held_back
from edgekit.quantize import select, stage
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.search import explain, latency_cost, run_model
from edgekit.search.loss_bound import Bound, Verdict
from edgekit.search.precision_choices import Solution, Trials


def run(request: Mapping[str, Any], report: Callable[[str], None]) -> dict[str, Any]:
    """Hold a bound for every recipe, in a child process (see `isolate`).

    Args:
        request: `float` (path: what was quantized), `original` (path: what losses are measured
            against, another file where the model was pruned), `contract`, `calibration`
            (`.npz`), `seed`, `max_loss`, `min_sqnr_db`, `metric` (or None), `device`, `name`,
            `limits`, and `files`: for each recipe that quantizes `recipe`, and `path` and
            `prepared` of the quantizing stage.
        report: Takes one line of progress.

    Returns:
        `files`: for each one `repair`, and `entry`: what the quantizing stage says of the file
        that was written in place of the one before, None where nothing was kept.

    Raises:
        BoundNotHeld: For one of the recipes no choice of precisions holds it.
        UsageError: The bound is one that these samples cannot tell.
    """
    contract = serde.from_dict(Contract, request["contract"])
    fit, held = held_back(Samples.load(Path(request["calibration"])), int(request["seed"]))
    everything = run_model.joined(held, fit)
    report(f"bound: running the float file on {len(everything)} samples")
    before = tflite.read(Path(request["float"]).read_bytes())
    original = tflite.read(Path(request["original"]).read_bytes())
    all_expected = run_model.outputs(original, everything)
    bound = Bound(
        contract,
        held,
        {name: values[: len(held)] for name, values in all_expected.items()},
        everything,
        all_expected,
        max_loss=request["max_loss"],
        min_sqnr_db=request["min_sqnr_db"],
        metric=request["metric"],
    )
    done = []
    for file in request["files"]:
        trials = Trials(
            before,
            serde.from_dict(Recipe, file["recipe"]),
            Prepared.load(Path(file["prepared"])),
            bound,
            fit=fit,
            held=held,
            everything=everything,
            device=request["device"],
            report=report,
        )
        one = _Repair(trials, bound, contract, request, report)
        entry, record = one.hold(Path(file["path"]))
        done.append({"entry": entry, "repair": serde.to_dict(record)})
    return {"files": done}


class _Repair:
    """The repair of one file."""

    def __init__(
        self,
        trials: Trials,
        bound: Bound,
        contract: Contract,
        request: Mapping[str, Any],
        report: Callable[[str], None],
    ) -> None:
        self._trials, self._bound, self._contract = trials, bound, contract
        self._original, self._name = Path(request["original"]), str(request["name"])
        self._limits = serde.from_dict(Limits, request["limits"])
        self._device: Device = request["device"]
        self._report = report
        self._first = trials.judge((), "float32")

    def hold(self, path: Path) -> tuple[dict[str, Any] | None, Repair]:
        """Keep what must be kept and write the file anew; see `run`."""
        name = self._trials.recipe.name
        self._report(f"{name}: {explain.value(self._bound, self._first)} with nothing kept")
        if self._first.holds:
            return None, self._record(self._first)
        found = self._trials.solutions()
        if not found:
            raise self._not_held()
        if self._device != "cpu":  # what takes how long there, this machine does not know
            fewest = min(found, key=lambda one: one.num_operators)
            return self._write(fewest, path, None, sure=True)
        times = self._timed(found, path)
        how = self._trials.recipe.quantize
        sure = not (how is not None and how.needs_ranges and self._bound.uses_margins)
        chosen = latency_cost.choose([one.num_operators for one in found], times, sure=sure)
        return self._write(found[chosen], path, times[chosen], sure)

    def _timed(self, found: list[Solution], path: Path) -> list[latency_cost.Times]:
        """How long each solution takes; their files lie beside `path` for a while."""
        places = []
        for number, solution in enumerate(found):
            place = path.with_suffix(f".{number}.tflite")
            model = self._trials.model(solution.kept, solution.fallback)
            place.write_bytes(tflite.to_bytes(model))
            places.append(place)
        times = latency_cost.measure(
            self._original, path, places, limits=self._limits, report=self._report
        )
        for place in places:
            place.unlink()
        return times

    def _write(
        self, solution: Solution, path: Path, times: latency_cost.Times | None, sure: bool
    ) -> tuple[dict[str, Any], Repair]:
        trials, recipe = self._trials, self._trials.recipe
        reasons = solution.reasons(sure=sure)
        exceptions = trials.exceptions(solution.kept, solution.fallback)
        size_before = path.stat().st_size
        entry, content = stage.finish(
            trials.model(solution.kept, solution.fallback),
            trials.before,
            path,
            self._contract,
            recipe,
            exceptions,
            self._name,
            dict.fromkeys(trials.small, stage.SMALL) | reasons,
        )
        entry["compressed_bytes"] = artifacts.compressed_bytes(content)
        kept = select.kept(trials.before, recipe, {i: exceptions[i] for i in reasons}, reasons)
        added = len(content) - size_before
        return entry, self._record(solution.verdict, added_bytes=added, times=times, kept=kept)

    def _record(
        self,
        verdict: Verdict,
        *,
        added_bytes: int = 0,
        times: latency_cost.Times | None = None,
        kept: tuple[Kept, ...] = (),
    ) -> Repair:
        bound = self._bound
        limit = bound.min_sqnr_db if bound.max_loss is None else bound.max_loss
        assert limit is not None
        return Repair(
            quantity=bound.quantity,
            limit=limit,
            at_least=bound.max_loss is None,
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
            f"{trials.recipe.name} holds {explain.limit(bound)}, if need be with operators in "
            "higher precision.",
            received=f"at best {explain.value(bound, nearest)} on {bound.num_held} held-back "
            f"samples, with {kept} of {trials.num_operators} operators kept; with none kept "
            f"{explain.value(bound, self._first)}",
            hint="nothing was written. Allow more, give more calibration samples, "
            f"{'prune less, ' if trials.recipe.prune else ''}or take a recipe that loses less: "
            "weight_only_wi8_afp32 or float16.",
        )
