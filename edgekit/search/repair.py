"""The fewest operators in another precision, so that a quantized file loses no more than asked.

Operators are ranked by what their errors alone do to the outputs. The shortest stretch of that
ranking is kept for which the bound holds; then whatever need not be kept is given back. What is
kept becomes what it can: dense layers and convolutions with dynamic ranges or with integer
weights only, everything else float. The bound is measured on calibration samples that the
quantization was not fitted to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from edgekit import artifacts, flatbuffer, serde
from edgekit.data.samples import Samples
from edgekit.errors import BoundNotHeld
from edgekit.quantize import stage
from edgekit.quantize.choose import held_back
from edgekit.quantize.prepare import Prepared
from edgekit.records import Contract, Limits, Recipe, Repair
from edgekit.search import price, running, tell
from edgekit.search.bound import Bound, Verdict
from edgekit.search.solutions import Solution, Trials


def run(request: Mapping[str, Any], report: Callable[[str], None]) -> dict[str, Any]:
    """Hold a bound for every recipe, in a child process (see `isolate`).

    Args:
        request: `float` (path), `contract`, `calibration` (`.npz`), `seed`, `max_loss`,
            `min_sqnr_db`, `metric` (or None), `device`, `name`, `limits`, and `files`: for
            each recipe that quantizes `recipe`, and `path` and `prepared` of the quantizing
            stage.
        report: Takes one line of progress.

    Returns:
        `files`: for each one `repair`, and `entry`: what the quantizing stage says of the file
        that was written in place of the one before, None where nothing was kept.

    Raises:
        BoundNotHeld: For one of the recipes no choice of precisions holds it.
        UsageError: The bound is one that these samples cannot tell.
    """
    float_path = Path(request["float"])
    contract = serde.from_dict(Contract, request["contract"])
    fit, held = held_back(Samples.load(Path(request["calibration"])), int(request["seed"]))
    everything = running.joined(held, fit)
    report(f"bound: running the float file on {len(everything)} samples")
    before = flatbuffer.read(float_path.read_bytes())
    all_expected = running.outputs(before, everything)
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
    limits = serde.from_dict(Limits, request["limits"])
    done = []
    for file in request["files"]:
        recipe = serde.from_dict(Recipe, file["recipe"])
        trials = Trials(
            before,
            recipe,
            Prepared.load(Path(file["prepared"])),
            bound,
            fit=fit,
            held=held,
            everything=everything,
            device=request["device"],
            report=report,
        )
        first = trials.judge((), "float32")
        report(f"{recipe.name}: {tell.value(bound, first)} with nothing kept")
        if first.holds:
            record = _record(trials, bound, first, first, len(held))
            done.append({"entry": None, "repair": serde.to_dict(record)})
            continue
        found = trials.solutions()
        if not found:
            raise _not_held(trials, recipe, bound, first, len(held))
        path = Path(file["path"])
        places, times = _timed(trials, found, float_path, path, limits, report)
        ranges = recipe.quantize is not None and recipe.quantize.needs_ranges
        sure = not (ranges and bound.uses_margins)
        chosen = price.choose([one.num_operators for one in found], times, sure=sure)
        size_before = path.stat().st_size
        entry, content = stage.finish(
            trials.model(found[chosen].kept, found[chosen].fallback),
            before,
            path,
            contract,
            recipe,
            trials.exceptions(found[chosen].kept, found[chosen].fallback),
            request["name"],
            found[chosen].reasons(sure=sure),
        )
        entry["compressed_bytes"] = artifacts.compressed_bytes(content)
        record = _record(
            trials,
            bound,
            found[chosen].verdict,
            first,
            len(held),
            added_bytes=len(content) - size_before,
            times=times[chosen],
        )
        for place in places:
            place.unlink()
        done.append({"entry": entry, "repair": serde.to_dict(record)})
    return {"files": done}


def _timed(
    trials: Trials,
    found: list[Solution],
    float_path: Path,
    path: Path,
    limits: Limits,
    report: Callable[[str], None],
) -> tuple[list[Path], list[price.Times]]:
    """Where each solution's file lies for a while, and how long it takes."""
    places = []
    for number, solution in enumerate(found):
        place = path.with_suffix(f".{number}.tflite")
        place.write_bytes(flatbuffer.to_bytes(trials.model(solution.kept, solution.fallback)))
        places.append(place)
    return places, price.measure(float_path, path, places, limits=limits, report=report)


def _record(
    trials: Trials,
    bound: Bound,
    verdict: Verdict,
    first: Verdict,
    count: int,
    *,
    added_bytes: int = 0,
    times: price.Times | None = None,
) -> Repair:
    loss = bound.max_loss is not None
    limit = bound.max_loss if loss else bound.min_sqnr_db
    assert limit is not None
    return Repair(
        quantity=bound.quantity,
        limit=limit,
        at_least=not loss,
        value=verdict.value,
        low=verdict.low,
        high=verdict.high,
        unrepaired=first.value,
        num_samples=count,
        num_operators=trials.num_operators,
        added_bytes=added_bytes,
        latency_to_float=times.to_float if times else None,
        latency_to_unrepaired=times.to_unrepaired if times else None,
        note=tell.note(bound, verdict, count),
    )


def _not_held(
    trials: Trials, recipe: Recipe, bound: Bound, first: Verdict, count: int
) -> BoundNotHeld:
    nearest, kept = trials.nearest
    return BoundNotHeld(
        f"{recipe.name} holds {tell.limit(bound)}, if need be with operators in higher precision.",
        received=f"at best {tell.value(bound, nearest)} on {count} held-back samples, with {kept} "
        f"of {trials.num_operators} operators kept; with none kept {tell.value(bound, first)}",
        hint="nothing was written. Allow more, give more calibration samples, or take a recipe "
        "that loses less: weight_only_wi8_afp32 or float16.",
    )
