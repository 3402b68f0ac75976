"""What a rule is about, and which verdict of a result is meant."""

from __future__ import annotations

import pytest

from edgekit.core.baseline_record import Baseline
from edgekit.core.errors import UsageError
from edgekit.core.gate_rules import FRACTIONS, METRICS, GateResult, Rule, Verdict
from edgekit.core.records import Host, Measurement, Target

HOST = Host(machine="m", system="Linux", cpu="c", cores=2, python="3.12")
BY_VALUE = Rule(metric="top1_accuracy", at_least=0.9)
BY_LOSS = Rule(metric="top1_accuracy", max_loss=0.01, against="baseline")


def verdict(rule: Rule, variant: str = "float16", target: str = "litert") -> Verdict:
    return Verdict(
        variant=variant,
        target=target,
        metric=rule.about,
        rule=rule,
        status="pass",
        sentence="It holds.",
    )


def result(*verdicts: Verdict) -> GateResult:
    return GateResult(
        edgekit="0",
        model="m.keras",
        outcome="passed",
        exit_code=0,
        verdicts=verdicts,
        measurements=(),
        host=HOST,
    )


def measurement(variant: str, target: Target) -> Measurement:
    return Measurement(
        artifact=variant,
        artifact_sha256="",
        samples_sha256="",
        num_samples=1,
        target=target,
        host=HOST,
        metrics=(),
    )


@pytest.mark.parametrize(
    ("rule", "about", "base_metric"),
    [
        (Rule(metric="mae@depth", at_most=1.0), "mae@depth", "mae"),
        (Rule(metric="my_metrics:iou", at_least=0.5), "my_metrics:iou", "my_metrics:iou"),
        (Rule(allowed_operators=("ADD",)), "allowed_operators", ""),
        (Rule(oldest_runtime="2.14.0"), "oldest_runtime", ""),
        (Rule(fully_delegated=True), "fully_delegated", ""),
    ],
)
def test_what_a_rule_is_about(rule: Rule, about: str, base_metric: str) -> None:
    assert (rule.about, rule.base_metric) == (about, base_metric)


def test_every_metric_has_one_name_and_fractions_are_among_them() -> None:
    assert len(set(METRICS)) == len(METRICS)
    assert set(FRACTIONS) < set(METRICS)
    assert not {"mae", "rmse", "size_bytes", "latency_ratio"} & set(FRACTIONS)


def test_one_verdict_is_found_by_as_much_as_it_takes() -> None:
    value, loss, other = verdict(BY_VALUE), verdict(BY_LOSS), verdict(BY_LOSS, "float32")
    found = result(value, loss, other)
    assert found.verdict("top1_accuracy", variant="float32") is other
    assert found.verdict("top1_accuracy", "float16", against="baseline") is loss
    assert found.verdicts_on("top1_accuracy") == (value, loss, other)
    assert found.verdicts_on(against="float") == ()  # a value stands against nothing
    assert found.verdicts_on(target="tflite-runtime") == ()


def test_several_verdicts_or_none_are_an_error_that_lists_what_there_is() -> None:
    found = result(verdict(BY_VALUE), verdict(BY_LOSS, target=""))
    with pytest.raises(UsageError) as caught:
        found.verdict("top1_accuracy", "float16")
    assert caught.value.received == "2 verdicts on top1_accuracy of float16"
    assert caught.value.hint == (
        "the gate has: top1_accuracy of float16 on litert; "
        "top1_accuracy of float16 against baseline"
    )
    with pytest.raises(UsageError) as caught:
        found.verdict("mae", target="litert", against="float")
    assert caught.value.received == "0 verdicts on mae of any variant on litert against float"
    with pytest.raises(UsageError, match="none"):
        result().verdict("mae")


def test_a_baseline_finds_a_measurement_by_the_targets_title() -> None:
    threads = Target(num_threads=2)
    one, two = measurement("float16", Target()), measurement("float16", threads)
    baseline = Baseline(model="m.keras", measurements=(one, two))
    assert baseline.measurement("float16", "litert") is one
    assert baseline.measurement("float16", "litert, 2 threads") is two
    assert baseline.measurement("float32", "litert") is None
