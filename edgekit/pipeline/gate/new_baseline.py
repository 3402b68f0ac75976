"""A new baseline: held against the old one by the rules, and written unless it is worse."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from edgekit.core.baseline_record import Baseline, BaselineFile, Change, shared
from edgekit.core.errors import DataError
from edgekit.core.format import number_text
from edgekit.core.gate_rules import TIME_METRICS, Verdict
from edgekit.core.process import Progress
from edgekit.core.records import Measurement, Metric
from edgekit.pipeline.gate import baseline as store
from edgekit.pipeline.gate import gather_facts
from edgekit.pipeline.gate.against_baseline import Compared, contract_claims, outputs
from edgekit.pipeline.gate.same_data import is_calibrated
from edgekit.verdicts import claims, judge, then_and_now

_NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewBaseline:
    """What became of writing a baseline.

    Attributes:
        verdicts: Of the rules that stand by themselves, and of those against the old baseline
            that are broken.
        refused: Words that would have to be accepted, where it was not written.
        changes: What is not as in the old one.
    """

    verdicts: tuple[Verdict, ...]
    refused: tuple[str, ...]
    changes: tuple[Change, ...]


def update(found: Compared, accept: Collection[str], on_progress: Progress) -> NewBaseline:
    """Judge what was measured by the old baseline, and write it as the new one.

    A new one that samples do not show to be worse is written: of other samples, say, or of too
    few. What the rules say of it by itself does not keep it from being written.

    Args:
        found: What was measured, beside the old baseline.
        accept: Words of `gate_rules.ACCEPTABLE`.
        on_progress: Takes a line where another gate is writing.

    Raises:
        DataError: Something could not be measured.
        OutputError: It cannot be written; the old one stays.
    """
    new = _baseline(found)
    rules, before = found.project.rule, found.before
    against = [rule for rule in rules if rule.against == "baseline"]
    others = [rule for rule in rules if rule.against != "baseline"]
    judged: tuple[Verdict, ...] = ()
    changes: tuple[Change, ...] = ()
    if before is not None:
        compared = claims.claims(against, found.facts, before, before)
        judged = judge.judge([*contract_claims(found), *compared], accept)
        contract = [change for one in judged if not one.variant for change in one.changes]
        changes = (*contract, *_changes(before, new, found))
    broken = [one for one in judged if one.status == "fail"]
    refused = tuple(dict.fromkeys(one.rule.accepted_by for one in broken))
    if not refused:
        _write(found, new, on_progress)
    kept = [one for one in judged if not one.variant or one.status in ("fail", "accepted")]
    return NewBaseline(
        verdicts=(*kept, *judge.judge(claims.claims(others, found.facts, new, before))),
        refused=refused,
        changes=changes,
    )


def _baseline(found: Compared) -> Baseline:
    for fact in found.facts:
        if fact.problem:
            raise DataError(
                "A baseline must hold measurements of every variant on every target.",
                received=f"{fact.variant} on {fact.target.title}: {fact.problem}",
                hint=f"fix that, or leave it out of the rules; {found.path.name} is as it was.",
            )
    files = {
        fact.variant: BaselineFile(
            operators=fact.operators,
            oldest_runtime=fact.oldest_runtime,
            calibrated=is_calibrated(found.made[fact.variant]),
        )
        for fact in found.facts
    }
    return Baseline(
        model=found.model,
        outputs=outputs(found.made),
        contracts=shared({name: one.contract for name, one in found.made.items()}),
        calibration=found.same.calibration(found.made),
        files=files,
        measurements=tuple(fact.measurement for fact in found.facts),
    )


def _write(found: Compared, baseline: Baseline, on_progress: Progress) -> None:
    """All of it, or the old one stays."""
    path, rules = found.path, found.project.rule
    compared = {rule.metric for rule in rules if rule.against == "baseline"}
    timed = dict.fromkeys(
        fact.variant
        for fact in found.facts
        for rule in rules
        if gather_facts.times_baseline(rule) and claims.concerned(rule, fact.variant, fact.target)
    )
    beside = {Path(found.made[name].path): gather_facts.baseline_file(path, name) for name in timed}
    with store.writing(path, on_progress):
        store.save(
            path,
            baseline,
            keep=partial(_is_kept, compared),
            outputs=_outputs(found),
            beside=beside,
        )


def _outputs(found: Compared) -> dict[str, np.ndarray]:
    """Whole outputs, where a metric needs them."""
    return {
        gather_facts.outputs_place(one.measurement) + name.removeprefix("candidate/"): array
        for one in found.measured.values()
        for name, array in one.outputs.items()
        if name.startswith("candidate/")
    }


def _is_kept(compared: set[str], metric: Metric) -> bool:
    """Values by sample: right and wrong always, since they are small; others where asked for."""
    return metric.name in compared or (metric.statistic == "mean" and not metric.parts)


def _changes(before: Baseline, new: Baseline, found: Compared) -> Iterator[Change]:
    """Every value that differs, in the order of the new baseline."""
    same = {(fact.variant, fact.target.title): fact.same_samples for fact in found.facts}
    for one in new.measurements:
        old = before.measurement(one.artifact, one.target.title)
        place = _place(one)
        if old is None:
            yield Change(place=place, key="measurement", old=_NONE, new="new")
            continue
        if not same[one.artifact, one.target.title]:
            yield Change(place=place, key="samples", old=_samples(old), new=_samples(one))
        yield from _values(place, old, one)
    for old in before.measurements:
        if new.measurement(old.artifact, old.target.title) is None:
            yield Change(place=_place(old), key="measurement", old="there", new="left out")


def _values(place: str, old: Measurement, new: Measurement) -> Iterator[Change]:
    for metric in new.metrics:
        before = old.metric(metric.name)
        is_absolute = metric.name in (*TIME_METRICS, "peak_rss_bytes")
        is_elsewhere = is_absolute and not then_and_now.is_same_machine(old, new)
        if before is None or is_elsewhere or metric.name == "latency_ratio@baseline":
            continue
        values = [number_text(one.value, metric.unit) for one in (before, metric)]
        if values[0] != values[1]:
            yield Change(place=place, key=metric.name, old=values[0], new=values[1])


def _samples(measurement: Measurement) -> str:
    return f"{measurement.num_samples:,} of {measurement.samples_sha256[:8]}"


def _place(measurement: Measurement) -> str:
    return f"{measurement.artifact} on {measurement.target.title}"
