"""Rules and facts as claims: a quantity, what is known of it, and the limit it is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from edgekit.core.baseline_record import BASELINE_SCHEMA_VERSION, Baseline
from edgekit.core.errors import DataError
from edgekit.core.gate_rules import (
    AGREEMENTS,
    MASK_METRICS,
    SIZE_METRICS,
    TASK_METRICS,
    TIME_METRICS,
    Rule,
    Status,
)
from edgekit.core.records import Measurement, Metric, Target
from edgekit.verdicts import comparison, then_and_now
from edgekit.verdicts.claim import Claim
from edgekit.verdicts.evidence import Evidence, Exactly
from edgekit.verdicts.facts import Facts, Recompute
from edgekit.verdicts.proportion import Proportion
from edgekit.verdicts.ratio import Ratio

RENEW = "edgekit gate --update-baseline writes a new one"


class _Unjudged(Exception):
    """A claim cannot be weighed: a status and the reason."""

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status: Status = status
        self.reason = reason


def concerned(rule: Rule, variant: str, target: Target) -> bool:
    """Whether a rule is about a variant on a target."""
    return (not rule.variants or variant in rule.variants) and (
        not rule.targets or target.title in rule.targets or target.label in rule.targets
    )


def is_of_file(rule: Rule) -> bool:
    """Whether a rule is about the file alone, whatever it runs on."""
    return rule.metric in SIZE_METRICS or bool(rule.allowed_operators or rule.oldest_runtime)


def claims(
    rules: Sequence[Rule],
    facts: Sequence[Facts],
    baseline: Baseline | None,
    before: Baseline | None = None,
) -> Iterator[Claim]:
    """Every claim that the rules make of what was measured.

    Args:
        rules: In their order, in which claims come.
        facts: Of each variant on each target.
        baseline: What to compare with; None where there is none.
        before: Whose values are shown beside those that stand by themselves.
    """
    for rule in rules:
        judged: set[str] = set()
        for fact in facts:
            if not concerned(rule, fact.variant, fact.target):
                continue
            if is_of_file(rule) and fact.variant in judged:
                continue
            judged.add(fact.variant)
            claim = _claim(rule, fact, baseline)
            yield then_and_now.beside(claim, fact, before) if before else claim


def _claim(rule: Rule, facts: Facts, baseline: Baseline | None) -> Claim:
    target = "" if is_of_file(rule) else facts.target.title
    claim = Claim(rule=rule, variant=facts.variant, target=target, metric=rule.about)
    try:
        if target and facts.measurement.failure:
            raise _Unjudged("fail", f"{target} cannot run it: {facts.measurement.failure}")
        if target and facts.problem:
            raise _Unjudged("error", facts.problem)
        kind = _KINDS.get(rule.base_metric, _task) if rule.metric else _of_structure
        return kind(claim, facts, baseline)
    except _Unjudged as why:
        return replace(claim, status=why.status, reason=why.reason)
    except DataError as error:
        received = f" Received: {error.received}." if error.received else ""
        return replace(claim, status="error", reason=f"{error.rule}{received}")


def _of_structure(claim: Claim, facts: Facts, baseline: Baseline | None) -> Claim:
    """Operators, the oldest runtime, delegation: they hold or they do not."""
    del baseline
    rule = claim.rule
    if rule.allowed_operators:
        others = [name for name in facts.operators if name not in rule.allowed_operators]
        reason = f"{', '.join(others)} not allowed" if others else "every operator is allowed"
        return replace(claim, status="fail" if others else "pass", reason=reason)
    if rule.oldest_runtime:
        holds = _version(facts.oldest_runtime) <= _version(rule.oldest_runtime)
        reason = f"runs on {facts.oldest_runtime} and newer; {rule.oldest_runtime} is asked for"
        return replace(claim, status="pass" if holds else "fail", reason=reason)
    if facts.plain is None:
        raise _Unjudged("error", "which kernels run it was not asked")
    reason = (
        f"{', '.join(dict.fromkeys(facts.plain))} run in plain kernels"
        if facts.plain
        else "all of it runs in accelerated kernels"
    )
    return replace(claim, status="fail" if facts.plain else "pass", reason=reason)


def _version(text: str) -> tuple[int, ...]:
    numbers = [int(part) for part in text.split(".") if part.isdigit()]
    while numbers and not numbers[-1]:
        numbers.pop()
    return tuple(numbers)


def _task(claim: Claim, facts: Facts, baseline: Baseline | None) -> Claim:
    """Metrics of samples: accuracy and fidelity."""
    rule, measurement = claim.rule, facts.measurement
    if not measurement.num_samples:
        raise _Unjudged("error", "edgekit.toml names no samples: [data] evaluation")
    metric = measurement.metric(rule.metric)
    note = ""
    if metric is None and rule.base_metric in TASK_METRICS:
        agreement = "agreement_iou" if rule.base_metric in MASK_METRICS else "agreement"
        _, at, output = rule.metric.partition("@")
        metric = measurement.metric(f"{agreement}@{output}" if at else agreement)
        if at and measurement.metric(f"sqnr_db@{output}") is None:
            metric = measurement.metric(agreement)  # of the only output
        if metric is None or rule.max_loss is None:
            raise _Unjudged("error", f"{rule.metric} needs labels, and the samples have none")
        note = f"no labels: the loss is 1 - {agreement} with the float file"
    if metric is None:
        raise _Unjudged("error", f"{rule.metric} was not measured: outputs name no classes")
    claim = replace(claim, note=note or metric.note, unit=metric.unit)
    if metric.name == rule.metric:
        claim = claim.with_value(metric.value, metric.unit)
    again = facts.recompute.get(rule.metric, {})
    if rule.max_loss is None:
        evidence = comparison.value(metric, measurement.num_samples, again.get("candidate"))
        return _limited(claim, evidence)
    claim = replace(claim, limit=rule.max_loss, quantity="loss", unit="")
    if rule.against == "float":
        return _loss_to_float(claim, metric, facts)
    before = _baseline(claim, facts, baseline)
    old = before.metric(metric.name)
    if old is None:
        raise _Unjudged("incomparable", _without(metric.name, baseline))
    claim = claim.against(old.value, "baseline")
    if before.samples_sha256 != measurement.samples_sha256 and not facts.same_samples:
        reason = _other_samples(before, facts, baseline)
        return replace(claim, status="incomparable", reason=reason)
    if before.artifact_sha256 == measurement.artifact_sha256 and comparison.same(metric, old):
        return replace(claim, evidence=Exactly(0.0, measurement.num_samples, "samples"))
    return replace(
        claim,
        evidence=comparison.loss(metric, old, measurement.num_samples, _two(again, "baseline")),
    )


def _without(metric: str, baseline: Baseline | None) -> str:
    """Why the baseline lacks a metric."""
    assert baseline is not None
    text = f"the baseline has no {metric}"
    if baseline.schema_version < BASELINE_SCHEMA_VERSION:
        text += " as it is measured now, by channel and by what an output is: it is of an older one"
    return f"{text}; {RENEW}"


def _other_samples(before: Measurement, facts: Facts, baseline: Baseline | None) -> str:
    text = f"the baseline was measured on {before.num_samples:,} other samples"
    if baseline is not None and baseline.contract(facts.variant) is None:
        text += ", or on these under another contract, which an older edgekit did not keep"
    return f"{text}; {RENEW}"


def _loss_to_float(claim: Claim, metric: Metric, facts: Facts) -> Claim:
    n, again = facts.measurement.num_samples, facts.recompute.get(metric.name, {})

    def against(value: float, evidence: Evidence) -> Claim:
        return replace(claim.against(value, "float"), evidence=evidence)

    if facts.is_float:
        return against(metric.value, Exactly(0.0, n, "samples"))
    if metric.name.partition("@")[0] in AGREEMENTS:
        if all(v in (0.0, 1.0) for v in metric.raw):
            agreed = Proportion(successes=round(sum(metric.raw)), n=n, loss=True)
            return against(1.0, agreed)
        perfect = replace(metric, value=1.0, raw=(1.0,) * n)
        return against(1.0, comparison.loss(metric, perfect, n))
    reference = facts.of_float(metric.name)
    if reference is None:
        raise _Unjudged("error", f"{metric.name} of the float file was not measured")
    return against(reference.value, comparison.loss(metric, reference, n, _two(again, "float")))


def _two(again: Mapping[str, Recompute], other: str) -> tuple[Recompute, Recompute] | None:
    if "candidate" not in again or other not in again:
        return None
    return again["candidate"], again[other]


def _size(claim: Claim, facts: Facts, baseline: Baseline | None) -> Claim:
    """Bytes: there is no chance in them."""
    rule = claim.rule
    now = facts.measurement.metric(rule.metric)
    assert now is not None  # every file has a size
    claim = claim.with_value(now.value, "B")
    if rule.max_loss is None:
        return _limited(replace(claim, unit="B"), Exactly(now.value))
    before = (
        facts.of_float(rule.metric)
        if rule.against == "float"
        else _baseline(claim, facts, baseline).metric(rule.metric)
    )
    if before is None:
        raise _Unjudged("incomparable", f"there is no {rule.metric} to compare with; {RENEW}")
    grown = (now.value - before.value) / before.value
    claim = claim.against(before.value, rule.against)
    return replace(claim, limit=rule.max_loss, quantity="loss", evidence=Exactly(grown))


def _latency_ratio(claim: Claim, facts: Facts, baseline: Baseline | None) -> Claim:
    """How much longer than the float file, or than the baseline's file; both timed just now."""
    rule = claim.rule
    if is_timed_against_itself(rule, facts, baseline):
        return _limited(replace(claim, unit="x"), Exactly(1.0))
    if facts.untimed:
        raise _Unjudged("error", facts.untimed)
    name = "latency_ratio" if rule.against == "float" else "latency_ratio@baseline"
    metric = facts.measurement.metric(name)
    if metric is None:
        raise _Unjudged("incomparable", f"the baseline's file is not there to be timed; {RENEW}")
    old = facts.of_float(f"latency_p50_ms@{rule.against}")
    new = facts.measurement.metric("latency_p50_ms")
    if old and new:  # of the same processes as the ratio
        claim = claim.with_value(new.value, "ms").against(old.value, rule.against)
    return _timed(replace(claim, unit="x"), metric.raw, facts)


def is_timed_against_itself(rule: Rule, facts: Facts, baseline: Baseline | None) -> bool:
    """Whether a ratio of latencies is one of a file to itself, which no clock need tell."""
    if rule.against == "float":
        return facts.is_float
    before = baseline.measurement(facts.variant, facts.target.title) if baseline else None
    return before is not None and before.artifact_sha256 == facts.measurement.artifact_sha256


def _milliseconds(claim: Claim, facts: Facts, baseline: Baseline | None) -> Claim:
    """Absolute times: on the machine of the baseline only."""
    hint = 'metric = "latency_ratio" compares on any machine'
    if baseline is None:
        raise _Unjudged(
            "incomparable",
            "milliseconds hold on one machine, and without a baseline nobody knows on which; "
            f"{RENEW}, or {hint}",
        )
    before, now = _baseline(claim, facts, baseline), facts.measurement
    if not then_and_now.is_same_machine(before, now):
        raise _Unjudged(
            "incomparable",
            f"milliseconds were set on {before.host.cpu} ({before.host.cores} cores, "
            f"{before.runtime_version}), and this is {now.host.cpu} ({now.host.cores} cores, "
            f"{now.runtime_version}); {hint}",
        )
    metric = now.metric(claim.rule.metric)
    if metric is None:
        raise _Unjudged("error", facts.untimed or f"{claim.rule.metric} was not measured")
    claim = claim.with_value(metric.value, "ms")
    return _timed(replace(claim, unit="ms"), metric.raw, facts)


def _memory(claim: Claim, facts: Facts, baseline: Baseline | None) -> Claim:
    """Peak memory of fresh processes."""
    rule, measurement = claim.rule, facts.measurement
    metric = measurement.metric("peak_rss_bytes")
    if metric is None:
        raise _Unjudged("error", "peak memory was not measured")
    claim = claim.with_value(metric.value, "B")
    if rule.max_loss is None:
        return _limited(replace(claim, unit="B"), Ratio(metric.raw, looks=1))
    if rule.against == "float":
        before = facts.of_float("peak_rss_bytes")
    else:
        old = _baseline(claim, facts, baseline)
        if (
            not then_and_now.is_same_machine(old, measurement)
            or old.host.python != measurement.host.python
        ):
            raise _Unjudged(
                "incomparable", "memory was measured on another machine, Python or runtime"
            )
        before = old.metric("peak_rss_bytes")
    if before is None:
        raise _Unjudged("incomparable", f"there is no peak memory to compare with; {RENEW}")
    ratios = tuple(now / before.value for now in metric.raw)
    claim = claim.against(before.value, rule.against)
    return _limited(replace(claim, unit="x"), Ratio(ratios, looks=1))


def _timed(claim: Claim, values: Sequence[float], facts: Facts) -> Claim:
    if facts.noisy:
        raise _Unjudged("inconclusive", facts.noisy)
    return _limited(claim, Ratio(tuple(values)))


def _limited(claim: Claim, evidence: Evidence) -> Claim:
    """The claim with the limit of its rule: a loss of 0.05 is a ratio of 1.05."""
    rule = claim.rule
    if rule.max_loss is not None:
        return replace(claim, limit=1 + rule.max_loss, evidence=evidence)
    if rule.at_least is not None:
        return replace(claim, limit=rule.at_least, at_least=True, evidence=evidence)
    return replace(claim, limit=rule.at_most, evidence=evidence)


def _baseline(claim: Claim, facts: Facts, baseline: Baseline | None) -> Measurement:
    """What the baseline says of the variant: for a file's own metrics, on any target."""
    measurement = baseline and baseline.measurement(facts.variant, facts.target.title)
    if baseline and not measurement and not claim.target:
        measurement = next((m for m in baseline.measurements if m.artifact == facts.variant), None)
    if not measurement:
        where = f" on {claim.target}" if claim.target else ""
        raise _Unjudged(
            "incomparable", f"the baseline has nothing of {facts.variant}{where}; {RENEW}"
        )
    if measurement.failure and claim.target:
        raise _Unjudged("incomparable", f"the baseline's file did not run: {measurement.failure}")
    return measurement


_Kind = Callable[[Claim, Facts, Baseline | None], Claim]
_KINDS: dict[str, _Kind] = {
    **dict.fromkeys(SIZE_METRICS, _size),
    **dict.fromkeys(TIME_METRICS, _milliseconds),
    "latency_ratio": _latency_ratio,
    "peak_rss_bytes": _memory,
}
