"""Limits that are written hold, by what was measured, with room to spare."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.gate_rules import Rule
from edgekit.core.records import Host, Measurement, Metric, Target
from edgekit.pipeline.init import rule_limits
from edgekit.verdicts import claims, judge
from edgekit.verdicts.facts import Facts

HOST = Host(machine="m", system="Linux", cpu="x86_64", cores=2, python="3.12")


def facts(*metrics: Metric, reference: tuple[Metric, ...] = (), samples: int = 0) -> Facts:
    measurement = Measurement(
        artifact="static_wi8_ai8",
        artifact_sha256="0",
        samples_sha256="1",
        num_samples=samples,
        target=Target(),
        host=HOST,
        metrics=metrics,
    )
    return Facts(
        variant="static_wi8_ai8", target=Target(), measurement=measurement, reference=reference
    )


def metric(name: str, raw, **more) -> Metric:
    values = tuple(map(float, raw))
    return Metric(name=name, value=float(np.mean(values)), better="higher", raw=values, **more)


def right(count: int, wrong: int) -> list[int]:
    return [0] * wrong + [1] * (count - wrong)


def passes(rule: Rule, of: Facts) -> bool:
    (verdict,) = judge.judge(claims.claims([rule], [of], None))
    return verdict.status == "pass"


@given(count=st.integers(5, 3000), wrong=st.integers(0, 60), least=st.sampled_from([0.005, 0.02]))
def test_a_loss_that_is_written_passes_and_is_the_strictest_one(count, wrong, least):
    wrong = min(wrong, count)
    of = facts(
        metric("top1_accuracy", right(count, wrong)),
        reference=(metric("top1_accuracy", right(count, 0)),),
        samples=count,
    )
    bound = rule_limits.loss(of, "top1_accuracy", least)
    assert bound.advised == (wrong / count <= 0.02)
    if bound.limit is None:
        assert not passes(Rule(metric="top1_accuracy", max_loss=0.2 / 1.25), of)
        return
    assert bound.limit >= least
    assert passes(Rule(metric="top1_accuracy", max_loss=bound.limit), of)
    assert passes(Rule(metric="top1_accuracy", max_loss=bound.limit / 1.25), of)


@given(st.integers(5, 3000), st.integers(0, 300))
def test_an_agreement_that_is_written_passes(count, wrong):
    of = facts(metric("agreement", right(count, min(wrong, count))), samples=count)
    bound = rule_limits.agreement(of)
    if bound.limit is not None:
        assert passes(Rule(metric="agreement", at_least=bound.limit), of)


@pytest.mark.parametrize(
    ("ratios", "limit", "advised"),
    [
        ((0.5, 0.51, 0.5, 0.49, 0.5), 1.0, True),
        ((0.99, 1.0, 1.01, 1.0, 0.99), 1.25, True),  # 1.0 would leave no room
        ((2.6, 2.7, 2.6, 2.5, 2.6), 3.0, False),
        ((0.05, 30.0, 0.2, 90.0, 1.0), None, False),
    ],
)
def test_a_time_has_the_limit_that_it_holds_with_room(ratios, limit, advised):
    of = facts(metric("latency_ratio", ratios))
    bound = rule_limits.latency(of)
    assert (bound.metric, bound.limit, bound.advised) == ("latency_ratio", limit, advised)
    assert bound.says == f"Measured here: {np.exp(np.log(ratios).mean()):.2f}."
    if limit is not None:
        assert passes(Rule(metric="latency_ratio", at_most=limit), of)


def test_what_was_not_measured_has_no_limit_and_says_why():
    bound = rule_limits.latency(facts())
    assert bound.limit is None and bound.advised and not bound.brief
    assert bound.says.startswith("Not measured here: ")
