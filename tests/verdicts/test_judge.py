"""Claims in, verdicts out: what passes, what fails, and what many rules do to chance."""

from dataclasses import dataclass

import numpy as np
import pytest

from edgekit.core.gate_rules import Rule, Verdict
from edgekit.verdicts.claims import Claim
from edgekit.verdicts.evidence import Exactly
from edgekit.verdicts.judge import exit_code, judge, outcome
from edgekit.verdicts.paired import Paired

RULE = Rule(metric="top1_accuracy", max_loss=0.02)


@dataclass(frozen=True)
class Told:
    """Evidence whose p-values are given."""

    below: float
    above: float
    value: float = 0.0
    low: float = -1.0
    high: float = 1.0
    n: int = 10
    counted: str = "samples"

    def p_below(self, limit):
        return self.below

    def p_above(self, limit):
        return self.above

    def needed(self, limit):
        return 1234


def claim(evidence, limit=0.02, **more):
    fields = {"rule": RULE, "variant": "v", "target": "litert", "metric": "top1_accuracy"}
    return Claim(evidence=evidence, limit=limit, quantity="loss", **{**fields, **more})


def status(*evidence, **more):
    return [verdict.status for verdict in judge(claim(one, **more) for one in evidence)]


@pytest.mark.parametrize(
    ("evidence", "wanted"),
    [
        (Told(0.05, 0.95), "pass"),
        (Told(0.051, 0.949), "inconclusive"),
        (Told(0.949, 0.051), "inconclusive"),
        (Told(0.95, 0.05), "fail"),
    ],
)
def test_a_verdict_takes_evidence_at_five_percent(evidence, wanted):
    assert status(evidence) == [wanted]


def test_at_least_is_the_other_way_round():
    at_least = Rule(metric="top1_accuracy", at_least=0.9)
    assert status(Told(0.95, 0.05), at_least=True, rule=at_least) == ["pass"]
    assert status(Told(0.05, 0.95), at_least=True, rule=at_least) == ["fail"]


def test_many_rules_pass_without_correction_and_fail_with_holms():
    assert status(*[Told(0.05, 0.95)] * 10) == ["pass"] * 10
    # One of ten at 5 % is what chance gives; at 0.5 % it is not, and the next needs 0.05 / 9.
    others = [Told(0.5, 0.5)] * 8
    assert status(Told(0.99, 0.04), Told(0.99, 0.006), *others)[:2] == ["inconclusive"] * 2
    assert status(Told(0.99, 0.04), Told(0.99, 0.005), *others)[:2] == ["inconclusive", "fail"]
    assert status(Told(0.99, 0.0055), Told(0.99, 0.005), *others)[:2] == ["fail", "fail"]


def test_what_has_no_chance_in_it_takes_no_part_in_the_correction():
    sizes = [Exactly(0.0)] * 20
    assert status(Told(0.95, 0.05), *sizes)[0] == "fail"


@pytest.mark.parametrize(("value", "wanted"), [(0.02, "pass"), (0.0200001, "fail"), (-1, "pass")])
def test_bytes_are_held_against_the_limit_itself(value, wanted):
    assert status(Exactly(value)) == [wanted]


def test_a_limit_that_was_computed_is_met_by_what_equals_it():
    assert status(Exactly(105.0), limit=1.05 * 100) == ["pass"]
    assert status(Exactly(0.1 + 0.2), limit=0.3, at_least=True) == ["pass"]


def test_only_the_undecided_say_what_would_decide():
    undecided, passed = judge([claim(Told(0.5, 0.5)), claim(Told(0.01, 0.99))])
    assert undecided.needed == 1234
    assert "about 1,234 samples would decide" in undecided.sentence
    assert passed.needed is None


def test_a_claim_without_evidence_is_its_status_and_its_reason():
    (verdict,) = judge([claim(None, None, status="incomparable", reason="another machine")])
    assert verdict.status == "incomparable"
    assert verdict.sentence == "v on litert: top1_accuracy cannot be compared: another machine."
    assert verdict.estimate is None


def test_a_failure_is_one_sentence_of_what_how_much_and_how_sure():
    (verdict,) = judge([claim(Paired(60, 5, 720), rule=RULE)])
    assert verdict.status == "fail"
    assert verdict.sentence.startswith(
        "v on litert: top1_accuracy lost 0.0764 against the float file, 95 % sure of more than 0.0"
    )
    assert verdict.sentence.endswith("(at most 0.02 allowed; 720 samples).")
    assert verdict.low < verdict.estimate < verdict.high


def test_a_gain_is_told_as_one():
    (verdict,) = judge([claim(Paired(1, 9, 720))])
    assert "top1_accuracy gained 0.0111 against the float file, 95 % sure of" in verdict.sentence
    size = Rule(metric="size_bytes", max_loss=0.05)
    (verdict,) = judge([claim(Exactly(-0.25), 0.05, rule=size, metric="size_bytes", target="")])
    assert verdict.sentence == (
        "v: size_bytes shrank by 0.2500 against the float file (at most 0.05 allowed)."
    )


def verdicts(*statuses):
    return [
        Verdict(variant="v", metric="m", rule=RULE, status=one, sentence="") for one in statuses
    ]


@pytest.mark.parametrize(
    ("statuses", "wanted", "code"),
    [
        (["pass", "pass"], "passed", 0),
        (["pass", "inconclusive"], "inconclusive", 3),
        (["inconclusive", "incomparable"], "unjudged", 2),
        (["error", "pass"], "unjudged", 2),
        (["error", "fail", "inconclusive"], "failed", 1),
        ([], "passed", 0),
    ],
)
def test_the_outcome_is_the_worst_verdict(statuses, wanted, code):
    found = outcome(verdicts(*statuses))
    assert (found, exit_code(found, "exit3")) == (wanted, code)


def test_inconclusive_means_what_was_asked_for_and_nothing_else_changes():
    assert exit_code("inconclusive", "pass") == 0
    assert exit_code("inconclusive", "fail") == 1
    assert [exit_code(o, "pass") for o in ("passed", "failed", "unjudged")] == [0, 1, 2]


def test_no_loss_is_passed_and_twice_the_margin_is_not_on_simulated_models():
    rng = np.random.default_rng(0)
    reference = rng.random(5000) < 0.9
    equal = reference ^ (rng.random(5000) < 0.02)
    worse = reference & (rng.random(5000) > 0.045)
    good = Paired.of(reference.astype(float), (equal | (reference & ~equal)).astype(float))
    bad = Paired.of(reference.astype(float), worse.astype(float))
    assert status(good, bad) == ["pass", "fail"]
