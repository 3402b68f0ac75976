"""From rules and measurements to claims: what is compared with what, and what cannot be."""

from dataclasses import replace

import numpy as np
import pytest

from edgekit.core.baseline_record import Baseline
from edgekit.core.gate_rules import Rule
from edgekit.core.records import Host, Measurement, Metric, Target
from edgekit.verdicts.bootstrap import Bootstrapped
from edgekit.verdicts.claims import claims
from edgekit.verdicts.evidence import Exactly
from edgekit.verdicts.facts import Facts
from edgekit.verdicts.judge import judge
from edgekit.verdicts.paired import Paired
from edgekit.verdicts.proportion import Proportion
from edgekit.verdicts.ratio import Ratio

HERE = Host(machine="x86_64", system="Linux 6", cpu="a CPU", cores=2, python="3.11.2")
N = 500
RNG = np.random.default_rng(1)
RIGHT = (RNG.random(N) < 0.9).astype(float)
WORSE = RIGHT * (RNG.random(N) > 0.1)


def metric(name, raw=(), value=None, **more):
    raw = tuple(map(float, raw))
    return Metric(name=name, value=float(np.mean(raw)) if value is None else value, raw=raw, **more)


def measurement(*metrics, variant="v", **more):
    fields = {
        "artifact": variant,
        "artifact_sha256": "new",
        "samples_sha256": "samples",
        "num_samples": N,
        "target": Target(),
        "host": HERE,
        "runtime_version": "2.3.0",
        "metrics": metrics,
    }
    return Measurement(**{**fields, **more})


def facts(*metrics, reference=(), variant="v", **more):
    fields = {"variant": variant, "target": Target(), "reference": tuple(reference)}
    return Facts(measurement=measurement(*metrics, variant=variant), **{**fields, **more})


def only(rule, one, baseline=None):
    (claim,) = claims([rule], [one], baseline)
    return claim


def verdict(rule, one, baseline=None):
    return judge([only(rule, one, baseline)])[0]


def baseline(*metrics, **more):
    old = measurement(*metrics, **{"artifact_sha256": "old", **more})
    return Baseline(model="m", measurements=(old,))


LOSS = Rule(metric="top1_accuracy", max_loss=0.02)
AGAINST_BASELINE = replace(LOSS, against="baseline")


def test_accuracy_is_paired_with_the_float_file_sample_by_sample():
    one = facts(metric("top1_accuracy", WORSE), reference=[metric("top1_accuracy", RIGHT)])
    claim = only(LOSS, one)
    lost, won = int((RIGHT > WORSE).sum()), int((WORSE > RIGHT).sum())
    assert claim.evidence == Paired(lost, won, N)
    assert (claim.limit, claim.quantity) == (0.02, "loss")
    assert verdict(LOSS, one).status == "fail"


def test_against_the_baseline_it_is_paired_with_what_was_stored():
    one = facts(metric("top1_accuracy", RIGHT))
    claim = only(AGAINST_BASELINE, one, baseline(metric("top1_accuracy", WORSE)))
    assert claim.evidence.value < 0
    assert verdict(AGAINST_BASELINE, one, baseline(metric("top1_accuracy", WORSE))).status == "pass"


def test_the_same_file_with_the_same_answers_lost_nothing_however_few_the_samples():
    one = facts(metric("top1_accuracy", RIGHT))
    before = baseline(metric("top1_accuracy", RIGHT), artifact_sha256="new")
    assert only(AGAINST_BASELINE, one, before).evidence == Exactly(0.0, N, "samples")
    # Another file that answers the same shows it as far as its samples go.
    before = baseline(metric("top1_accuracy", RIGHT))
    assert only(AGAINST_BASELINE, one, before).evidence == Paired(0, 0, N)


@pytest.mark.parametrize(
    ("before", "words"),
    [
        (None, "the baseline has nothing of v on litert"),
        (baseline(metric("mae", [1, 2])), "the baseline has no top1_accuracy"),
        (
            baseline(metric("top1_accuracy", RIGHT), samples_sha256="others", num_samples=7),
            "measured on 7 other samples",
        ),
        (baseline(variant="w"), "nothing of v"),
        (baseline(failure="no operator"), "did not run: no operator"),
    ],
)
def test_a_baseline_that_does_not_fit_is_incomparable_and_says_why(before, words):
    one = facts(metric("top1_accuracy", RIGHT))
    found = verdict(AGAINST_BASELINE, one, before)
    assert found.status == "incomparable"
    assert words in found.sentence


def test_without_labels_the_loss_is_one_minus_agreement_and_says_so():
    one = facts(metric("agreement", [1] * (N - 3) + [0] * 3))
    claim = only(LOSS, one)
    assert claim.evidence == Proportion(successes=N - 3, n=N, loss=True)
    assert claim.evidence.value == pytest.approx(3 / N)
    found = verdict(LOSS, one)
    assert found.status == "pass"
    assert "no labels: the loss is 1 - agreement with the float file" in found.sentence
    before = baseline(metric("agreement", [1] * N))
    assert only(AGAINST_BASELINE, one, before).evidence == Paired(3, 0, N)


def test_without_labels_a_metric_of_masks_is_replaced_by_their_overlap():
    rule = replace(LOSS, metric="mean_iou")
    shares = np.linspace(0.98, 1, N).tolist()
    one = facts(metric("agreement", [1] * N), metric("agreement_iou", shares))
    claim = only(rule, one)
    assert claim.evidence.value == pytest.approx(0.01)
    assert "1 - agreement_iou with the float file" in verdict(rule, one).sentence


@pytest.mark.parametrize("name", ["agreement_all", "agreement@out", "agreement_iou"])
def test_every_agreement_is_compared_with_a_perfect_one(name):
    rule = replace(LOSS, metric=name)
    one = facts(metric(name, [1] * (N - 3) + [0] * 3))
    assert only(rule, one).evidence == Proportion(successes=N - 3, n=N, loss=True)


def test_without_labels_of_a_head_its_own_agreement_counts():
    rule = replace(LOSS, metric="top1_accuracy@who")
    own = [metric(f"sqnr_db@{name}", value=30.0) for name in ("who", "age")]
    whole, who = metric("agreement", [0] * N), metric("agreement@who", [1] * (N - 3) + [0] * 3)
    assert only(rule, facts(whole, who, *own)).evidence.value == pytest.approx(3 / N)
    found = verdict(replace(LOSS, metric="mae@age"), facts(whole, who, *own))
    assert (found.status, "needs labels" in found.sentence) == ("error", True)


def test_without_labels_or_classes_nothing_can_be_judged():
    found = verdict(LOSS, facts(metric("sqnr_db", value=30.0)))
    assert (found.status, "needs labels" in found.sentence) == ("error", True)
    found = verdict(replace(LOSS, max_loss=None, at_least=0.9), facts(metric("agreement", RIGHT)))
    assert found.status == "error"


def test_without_samples_the_next_step_is_named():
    one = facts()
    one = replace(one, measurement=replace(one.measurement, num_samples=0))
    assert "[data] evaluation" in verdict(LOSS, one).sentence


def test_a_value_is_held_against_a_bound_of_its_own():
    one = facts(metric("top1_accuracy", RIGHT))
    at_least = Rule(metric="top1_accuracy", at_least=0.85)
    claim = only(at_least, one)
    assert claim.evidence == Proportion(successes=int(RIGHT.sum()), n=N)
    assert verdict(at_least, one).status == "pass"
    assert verdict(replace(at_least, at_least=0.95), one).status == "fail"
    assert verdict(replace(at_least, at_least=0.9), one).status == "inconclusive"


def test_losses_of_errors_are_fractions_of_the_reference():
    errors = RNG.gamma(2.0, size=N)
    one = facts(
        metric("mae", errors * 1.5, better="lower"),
        reference=[metric("mae", errors, better="lower")],
    )
    rule = Rule(metric="mae", max_loss=0.1)
    claim = only(rule, one)
    assert isinstance(claim.evidence, Bootstrapped)
    assert claim.evidence.value == pytest.approx(0.5)
    assert verdict(rule, one).status == "fail"
    assert verdict(replace(rule, max_loss=0.6), one).status == "pass"


def test_a_fraction_of_nothing_is_no_loss():
    zero = metric("mae", [0.0] * N, better="lower")
    one = facts(metric("mae", [0.1] * N, better="lower"), reference=[zero])
    found = verdict(Rule(metric="mae", max_loss=0.1), one)
    assert (found.status, "cannot be a fraction" in found.sentence) == ("error", True)


def test_auc_is_computed_again_on_draws_of_both_classes():
    scores, truth = RNG.normal(size=N), (np.arange(N) < 20).astype(float)
    good = scores + 3 * truth
    bad = scores + 1.0 * truth

    def auc(values):
        area = np.mean(values[truth == 1][:, None] > values[truth == 0])
        return metric("auc", value=area, statistic="auc", parts=(tuple(values), tuple(truth)))

    one = facts(auc(bad), reference=[auc(good)])
    rule = Rule(metric="auc", max_loss=0.02)
    claim = only(rule, one)
    assert claim.evidence.value == pytest.approx(auc(good).value - auc(bad).value)
    assert verdict(rule, one).status == "fail"


def test_a_metric_of_the_whole_is_asked_for_again_on_every_draw():
    values = RNG.normal(5, 1, size=N)
    calls = []

    def again(factor):
        def compute(rows):
            calls.append(len(rows))
            return float(np.median(values[rows]) * factor)

        return compute

    name = "mine:median"
    one = facts(
        metric(name, value=4.0, statistic="whole"),
        reference=[metric(name, value=5.0, statistic="whole")],
        recompute={name: {"candidate": again(0.8), "float": again(1.0)}},
    )
    rule = Rule(metric=name, max_loss=0.05)
    assert only(rule, one).evidence.value == pytest.approx(0.2)
    assert len(calls) > 400
    assert verdict(rule, one).status == "fail"
    found = verdict(rule, replace(one, recompute={}))
    assert (found.status, "update-baseline" in found.sentence) == ("error", False)


def test_sizes_are_fractions_of_the_float_file_or_of_the_baseline():
    one = facts(metric("size_bytes", value=105.0), reference=[metric("size_bytes", value=400.0)])
    rule = Rule(metric="size_bytes", max_loss=0.05)
    assert only(rule, one).evidence == Exactly(-0.7375)
    against = replace(rule, against="baseline")
    before = baseline(metric("size_bytes", value=100.0))
    assert verdict(against, one, before).status == "pass"
    assert verdict(replace(against, max_loss=0.04), one, before).status == "fail"
    assert only(against, one, before).target == ""
    assert verdict(Rule(metric="size_bytes", at_most=104), one).status == "fail"


def test_a_rule_about_files_makes_one_claim_for_all_targets():
    second = Target(runtime="tflite-runtime", version="2.14.0")
    size = metric("size_bytes", value=10.0)
    both = [facts(size), facts(size, target=second)]
    assert len(list(claims([Rule(metric="size_bytes", at_most=20)], both, None))) == 1
    runs = Rule(metric="agreement", at_least=0.5, targets=("tflite-runtime==2.14.0",))
    assert [c.target for c in claims([runs], both, None)] == [second.title]


def test_latency_is_a_ratio_to_float_on_any_machine():
    one = facts(metric("latency_ratio", [0.5, 0.51, 0.49, 0.5, 0.5]))
    assert verdict(Rule(metric="latency_ratio", at_most=0.9), one).status == "pass"
    claim = only(Rule(metric="latency_ratio", max_loss=0.05), one)
    assert (claim.limit, claim.evidence) == (1.05, Ratio((0.5, 0.51, 0.49, 0.5, 0.5)))
    assert verdict(Rule(metric="latency_ratio", at_most=0.4), one).status == "fail"


def test_the_float_file_takes_as_long_as_itself():
    rule = Rule(metric="latency_ratio", at_most=1.0)
    assert verdict(rule, facts(is_float=True)).status == "pass"


def test_latency_against_the_baseline_needs_its_file():
    rule = Rule(metric="latency_ratio", max_loss=0.05, against="baseline")
    assert verdict(rule, facts(), baseline(artifact_sha256="new")).status == "pass"  # itself
    found = verdict(rule, facts(metric("latency_ratio", [1.0] * 5)), baseline())
    assert (found.status, "baseline's file" in found.sentence) == ("incomparable", True)
    timed = facts(metric("latency_ratio@baseline", [1.2, 1.21, 1.19, 1.2, 1.2]))
    assert verdict(rule, timed, baseline()).status == "fail"


def test_times_of_an_unsteady_machine_decide_nothing():
    rule = Rule(metric="latency_ratio", at_most=0.9)
    one = facts(metric("latency_ratio", [0.5] * 5), noisy="this machine is too unsteady")
    found = verdict(rule, one)
    assert (found.status, "unsteady" in found.sentence) == ("inconclusive", True)


def test_milliseconds_hold_on_the_machine_of_the_baseline_only():
    rule = Rule(metric="latency_p50_ms", at_most=5.0)
    one = facts(metric("latency_p50_ms", [2.0, 2.1, 2.0, 1.9, 2.0]))
    assert verdict(rule, one, baseline()).status == "pass"
    elsewhere = baseline(host=replace(HERE, cpu="another CPU"))
    found = verdict(rule, one, elsewhere)
    assert (found.status, "another CPU" in found.sentence) == ("incomparable", True)
    assert verdict(rule, one, baseline(runtime_version="2.2.0")).status == "incomparable"
    assert verdict(rule, one, None).status == "incomparable"


def test_memory_is_compared_process_by_process():
    one = facts(
        metric("peak_rss_bytes", [60e6, 61e6, 60e6]),
        reference=[metric("peak_rss_bytes", [50e6] * 3)],
        noisy="times are unsteady, memory is none",
    )
    assert verdict(Rule(metric="peak_rss_bytes", at_most=70e6), one).status == "pass"
    found = verdict(Rule(metric="peak_rss_bytes", max_loss=0.1), one)
    assert found.status == "fail"
    assert "peak memory is 1.207x that of the float file" in found.sentence


@pytest.mark.parametrize(
    ("rule", "more", "wanted", "words"),
    [
        (Rule(allowed_operators=("ADD", "MUL")), {"operators": ("ADD",)}, "pass", ""),
        (
            Rule(allowed_operators=("ADD",)),
            {"operators": ("ADD", "GATHER", "CAST")},
            "fail",
            "GATHER, CAST not allowed",
        ),
        (Rule(oldest_runtime="2.14.0"), {"oldest_runtime": "2.3"}, "pass", ""),
        (Rule(oldest_runtime="2.14"), {"oldest_runtime": "2.14.0"}, "pass", ""),
        (Rule(oldest_runtime="2.9.1"), {"oldest_runtime": "2.17.0"}, "fail", "2.17.0"),
        (Rule(fully_delegated=True), {"plain": ()}, "pass", ""),
        (Rule(fully_delegated=True), {"plain": ("GATHER", "CAST", "CAST")}, "fail", "GATHER, CAST"),
        (Rule(fully_delegated=True), {}, "error", "was not asked"),
    ],
)
def test_structure_holds_or_does_not(rule, more, wanted, words):
    found = verdict(rule, facts(**more))
    assert (found.status, words in found.sentence) == (wanted, True)


def test_a_target_that_cannot_run_the_file_fails_its_rules_and_not_those_of_the_file():
    one = facts(metric("size_bytes", value=10.0))
    one = replace(one, measurement=replace(one.measurement, failure="no GELU here"))
    found = verdict(LOSS, one)
    assert (found.status, "cannot run it: no GELU here" in found.sentence) == ("fail", True)
    assert verdict(Rule(metric="size_bytes", at_most=20), one).status == "pass"


def test_a_crash_is_an_error_of_its_own_variant():
    one = facts(metric("size_bytes", value=10.0), problem="The worker must not crash.")
    found = verdict(LOSS, one)
    assert (found.status, "must not crash" in found.sentence) == ("error", True)
    assert verdict(Rule(metric="size_bytes", at_most=20), one).status == "pass"
