"""Old values beside new ones: of what a verdict compares with, or of the baseline."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit.core.baseline_record import Baseline, BaselineFile, Change, Values
from edgekit.core.gate_rules import Rule
from edgekit.core.records import Host, Measurement, Metric, Target
from edgekit.verdicts.claim import contract_claim
from edgekit.verdicts.claims import claims
from edgekit.verdicts.facts import Facts
from edgekit.verdicts.judge import judge, outcome

HERE = Host(machine="x86_64", system="Linux", cpu="a CPU", cores=2, python="3.11")
RIGHT, WORSE = (1.0,) * 90 + (0.0,) * 10, (1.0,) * 60 + (0.0,) * 40


def metric(name: str, value: float, unit: str = "", raw: tuple[float, ...] = ()) -> Metric:
    return Metric(name=name, value=value, unit=unit, better="lower", raw=raw)


def accuracy(raw: tuple[float, ...]) -> Metric:
    return Metric(name="top1_accuracy", value=sum(raw) / len(raw), raw=raw)


def measurement(*metrics: Metric, **more: object) -> Measurement:
    fields = {"artifact_sha256": "new", "samples_sha256": "s", "host": HERE, **more}
    return Measurement(artifact="v", num_samples=100, target=Target(), metrics=metrics, **fields)


def verdict(rule: Rule, now: Measurement, before: Baseline | None = None, **more: object):
    facts = Facts(variant="v", target=Target(), measurement=now, **more)
    [found] = judge(claims([rule], [facts], before, before))
    return found


def baseline(*metrics: Metric, **more: object) -> Baseline:
    old = measurement(*metrics, **{"artifact_sha256": "old", **more})
    return Baseline(model="m", measurements=(old,))


LOSS = Rule(metric="top1_accuracy", max_loss=0.02)


@pytest.mark.parametrize("against", ["float", "baseline"])
def test_a_loss_has_the_value_of_what_it_is_a_loss_against(against):
    rule = replace(LOSS, against=against)
    found = verdict(
        rule, measurement(accuracy(WORSE)), baseline(accuracy(RIGHT)), reference=(accuracy(RIGHT),)
    )
    assert found.values == Values(old=0.9, new=0.6, of=against)
    assert "v on litert: top1_accuracy 0.9000 -> 0.6000: lost 0.3000 against the" in found.sentence


def test_a_size_has_bytes():
    rule = Rule(metric="size_bytes", max_loss=0.05, against="baseline")
    now, old = measurement(metric("size_bytes", 1100.0)), baseline(metric("size_bytes", 1000.0))
    found = verdict(rule, now, old)
    assert found.values == Values(old=1000.0, new=1100.0, of="baseline", unit="B")
    assert found.sentence.startswith("v: size_bytes 1,000 B -> 1,100 B: grew by 0.1000 against")


def test_a_ratio_of_latencies_has_the_milliseconds_that_it_is_of():
    ratio = metric("latency_ratio", 0.5, raw=(0.5, 0.51, 0.49))
    now = measurement(ratio, metric("latency_p50_ms", 1.0, "ms"))
    other = metric("latency_p50_ms@float", 2.0, "ms")
    found = verdict(Rule(metric="latency_ratio", at_most=0.8), now, reference=(other,))
    assert found.values == Values(old=2.0, new=1.0, of="float", unit="ms")
    assert "latency is 0.500x that of the float file (2.000 ms -> 1.000 ms)" in found.sentence


def test_a_value_by_itself_has_the_baselines_beside_it_where_both_compare():
    rule = Rule(metric="top1_accuracy", at_least=0.5)
    now = measurement(accuracy(WORSE))
    found = verdict(rule, now, baseline(accuracy(RIGHT)))
    assert found.values == Values(old=0.9, new=0.6, of="baseline")
    assert "top1_accuracy is 0.6000 (0.9000 -> 0.6000 since the baseline)" in found.sentence
    others = baseline(accuracy(RIGHT), samples_sha256="others")
    assert verdict(rule, now, others).values == Values(new=0.6)
    assert verdict(rule, now, others, same_samples=True).values.old == 0.9
    assert verdict(rule, now).values == Values(new=0.6)


def test_milliseconds_and_memory_of_another_machine_are_not_shown():
    rule = Rule(metric="peak_rss_bytes", at_most=2000.0)
    now = measurement(metric("peak_rss_bytes", 1000.0, "B", (1000.0, 1001.0, 999.0)))
    old = metric("peak_rss_bytes", 900.0, "B")
    assert verdict(rule, now, baseline(old)).values.old == 900.0
    elsewhere = baseline(old, host=replace(HERE, cpu="another"))
    assert verdict(rule, now, elsewhere).values.old is None


def test_without_labels_the_agreement_is_not_shown_as_the_accuracy():
    agreement = Metric(name="agreement", value=0.6, raw=WORSE)
    assert verdict(LOSS, measurement(agreement)).values == Values()


def test_other_samples_are_incomparable_and_show_both_values():
    rule = replace(LOSS, against="baseline")
    before = baseline(accuracy(RIGHT), samples_sha256="others")
    found = verdict(rule, measurement(accuracy(WORSE)), before)
    assert found.status == "incomparable" and found.values.old == 0.9
    assert "other samples, or on these under another contract" in found.sentence
    assert verdict(rule, measurement(accuracy(WORSE)), before, same_samples=True).status == "fail"


def test_operators_and_runtimes_show_what_changed():
    files = {"v": BaselineFile(operators=("ADD", "RELU"), oldest_runtime="2.3.0")}
    before = replace(baseline(), files=files)
    told = {"operators": ("ADD", "GELU"), "oldest_runtime": "2.15.0"}
    runtime = verdict(Rule(oldest_runtime="2.14.0"), measurement(), before, **told)
    assert [one.text for one in runtime.changes] == ["v: oldest runtime 2.3.0 -> 2.15.0"]
    assert runtime.sentence.endswith("is asked for (oldest runtime 2.3.0 -> 2.15.0).")
    inside = verdict(Rule(allowed_operators=("ADD", "GELU")), measurement(), before, **told)
    assert [one.text for one in inside.changes] == ["v: operators RELU -> GELU"]
    same = verdict(Rule(oldest_runtime="2.14.0"), measurement(), before, oldest_runtime="2.3.0")
    assert same.changes == ()


CHANGE = Change(place="input x", key="std", old="1", new="2")


def test_a_contract_fails_where_it_changed_and_passes_where_its_word_is_accepted():
    assert judge([contract_claim([])])[0].status == "pass"
    [failed] = judge([contract_claim([CHANGE])], ["worse"])
    assert (failed.status, failed.metric, failed.changes) == ("fail", "contract", (CHANGE,))
    assert outcome([failed]) == "failed"
    [taken] = judge([contract_claim([CHANGE])], ["contract"])
    assert (taken.status, outcome([taken])) == ("accepted", "passed")
    assert taken.sentence == "contract: input x: std 1 -> 2; accepted by --accept contract."


def test_worse_is_said_of_losses_against_the_baseline_alone():
    facts = Facts(
        variant="v",
        target=Target(),
        measurement=measurement(accuracy(WORSE)),
        reference=(accuracy(RIGHT),),
    )
    rules = [LOSS, replace(LOSS, against="baseline")]
    found = judge(claims(rules, [facts], baseline(accuracy(RIGHT))), ["worse", "contract"])
    assert [one.status for one in found] == ["fail", "accepted"]
    assert "100 samples); accepted by --accept worse." in found[1].sentence
