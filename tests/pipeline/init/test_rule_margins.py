"""Rules that samples can decide, as text that reads as those rules."""

from __future__ import annotations

import re
import tomllib

import pytest

from edgekit.core import serde
from edgekit.core.gate_rules import Rule
from edgekit.pipeline.init import rule_margins
from edgekit.pipeline.init.rule_limits import Bound
from edgekit.verdicts.paired import samples_needed


@pytest.mark.parametrize("count", [1, 60, 500, 2000, 10_000, 100_000])
def test_the_margin_is_the_smallest_that_the_samples_decide(count):
    made = rule_margins.margin(count, 0.02)
    fine = [m for m in (0.005, 0.01, 0.02, 0.05) if samples_needed(0.02, m) <= count]
    assert made.max_loss == (fine[0] if fine else 0.05)
    assert f"{count:,} samples" in made.says
    assert ("seldom" in made.says) == (not fine)


INT8 = ("static_wi8_ai8",)


def rules(lines: list[str]) -> list[Rule]:
    """The rules that are switched on in a text."""
    tables = tomllib.loads("\n".join(lines)).get("rule", [])
    return [serde.from_dict(Rule, table) for table in tables]


def offered(lines: list[str]) -> list[Rule]:
    """Those that are there when everything is switched on."""
    plain = [line.removeprefix("# ") for line in lines]
    return rules([line for line in plain if re.match(r"\[\[|\w+ = ", line)])


def bound(metric: str, limit: float | None) -> Bound:
    return Bound(metric=metric, limit=limit, says="Measured here: much.")


def test_accuracy_is_held_against_float_and_a_baseline():
    to_float, to_baseline = rules(rule_margins.accuracy("top1_accuracy", 3000, INT8, None))
    assert (to_float.against, to_float.variants) == ("float", INT8)
    assert to_float.max_loss == rule_margins.margin(3000, 0.02).max_loss
    # A model that was trained anew differs on more samples: the same number decides less.
    assert (to_baseline.against, to_baseline.variants) == ("baseline", ())
    assert to_baseline.max_loss is not None and to_baseline.max_loss >= to_float.max_loss


@pytest.mark.parametrize(("metric", "loss"), [("auc", 0.02), ("mae", 0.05), ("mae@angle", 0.05)])
def test_other_metrics_have_one_loss_whatever_the_samples(metric, loss):
    found = rules(rule_margins.accuracy(metric, 10, INT8, None))
    assert [(rule.metric, rule.max_loss) for rule in found] == [(metric, loss)] * 2


def test_a_limit_that_was_measured_is_taken():
    measured = bound("top1_accuracy", 0.015)
    lines = rule_margins.accuracy("top1_accuracy", 500, INT8, measured)
    assert rules(lines)[0].max_loss == 0.015
    assert "Measured here: much." in " ".join(lines)


def test_where_no_limit_could_be_shown_the_rule_is_switched_off():
    lines = rule_margins.accuracy("top1_accuracy", 500, INT8, bound("top1_accuracy", None))
    assert [rule.against for rule in rules(lines)] == ["baseline"]
    assert "so this is switched off" in " ".join(lines).replace("\n# ", " ").replace("# ", "")
    assert [rule.against for rule in offered(lines)] == ["float", "baseline"]


def test_a_float_file_alone_is_compared_with_a_baseline_only():
    [rule] = rules(rule_margins.accuracy("top1_accuracy", 500, (), None))
    assert rule.against == "baseline"
    assert rule_margins.fidelity("agreement", (), None) == []
    assert [rule.metric for rule in rules(rule_margins.always((), None))] == ["size_bytes"]


@pytest.mark.parametrize(
    ("metric", "says"),
    [
        ("agreement", "Without labels: how much of what the float file decides"),
        ("sqnr_db", "by the channel that is farthest off"),
        ("sqnr_db@age", 'Without labels of "age": how near outputs are'),
    ],
)
def test_without_labels_files_are_near_the_float_file(metric, says):
    lines = rule_margins.fidelity(metric, INT8, None)
    [rule] = rules(lines)
    assert (rule.metric, rule.variants) == (metric, INT8)
    assert says in " ".join(line.removeprefix("# ") for line in lines)
    [rule] = rules(rule_margins.fidelity(metric, INT8, bound(metric, 0.5)))
    assert rule.at_least == 0.5


def test_later_offers_rules_and_says_how_many_samples_they_take():
    lines = rule_margins.later("top1_accuracy", INT8)
    assert rules(lines) == []
    assert [rule.against for rule in offered(lines)] == ["float", "baseline"]
    assert f"about {samples_needed(0.02, 0.01):,} to decide a loss of 0.01" in " ".join(
        line.removeprefix("# ") for line in lines
    )


def test_size_and_time_always_have_rules():
    size, speed = rules(rule_margins.always(INT8, bound("latency_ratio", 1.5)))
    assert (size.metric, size.max_loss, size.against) == ("size_bytes", 0.05, "baseline")
    assert (speed.metric, speed.at_most, speed.variants) == ("latency_ratio", 1.5, INT8)
