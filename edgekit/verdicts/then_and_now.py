"""What the baseline says of a quantity that stands by itself: shown beside it, not judged."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from edgekit.core.baseline_record import Baseline, BaselineFile, Change
from edgekit.core.gate_rules import SIZE_METRICS, TIME_METRICS, Rule
from edgekit.core.records import Measurement
from edgekit.verdicts.claim import Claim
from edgekit.verdicts.facts import Facts

_NONE = "none"


def beside(claim: Claim, facts: Facts, before: Baseline) -> Claim:
    """A claim with the baseline's value, where it compares with nothing and the two compare.

    Args:
        claim: That a metric has a limit, or that a file is made of something.
        facts: What it is about.
        before: The baseline.
    """
    if not claim.rule.metric:
        file = before.files.get(claim.variant)
        changes = tuple(_of_file(claim.rule, facts, file)) if file else ()
        return replace(claim, changes=changes)
    is_loss = claim.rule.max_loss is not None
    old = before.measurement(claim.variant, facts.target.title)
    metric = old.metric(claim.metric) if old else None
    if is_loss or old is None or metric is None or claim.values.of:
        return claim
    if not _compares(claim.metric, old, facts):
        return claim
    return claim.against(metric.value, "baseline")


def is_same_machine(measurement: Measurement, other: Measurement) -> bool:
    """Whether absolute times of both may be compared."""

    def of(m: Measurement) -> tuple[object, ...]:
        return (m.host.machine, m.host.cpu, m.host.cores, m.runtime_version, m.target.num_threads)

    return of(measurement) == of(other)


def _compares(metric: str, old: Measurement, facts: Facts) -> bool:
    if metric in SIZE_METRICS:
        return True
    if metric in (*TIME_METRICS, "peak_rss_bytes"):
        return is_same_machine(old, facts.measurement)
    return facts.same_samples or old.samples_sha256 == facts.measurement.samples_sha256


def _of_file(rule: Rule, facts: Facts, file: BaselineFile) -> Iterator[Change]:
    if rule.oldest_runtime and file.oldest_runtime != facts.oldest_runtime:
        yield Change(
            place=facts.variant,
            key="oldest runtime",
            old=file.oldest_runtime,
            new=facts.oldest_runtime,
        )
    if rule.allowed_operators and set(file.operators) != set(facts.operators):
        gone = [name for name in file.operators if name not in facts.operators]
        new = [name for name in facts.operators if name not in file.operators]
        yield Change(
            place=facts.variant,
            key="operators",
            old=", ".join(gone) or _NONE,
            new=", ".join(new) or _NONE,
        )
