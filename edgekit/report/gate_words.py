"""Verdicts in words, alike in the terminal, in Markdown and in JUnit XML: from records alone."""

from __future__ import annotations

import re

from edgekit.core.format import change_text, digits, number_text
from edgekit.core.format import limit_text as figure_of_limit
from edgekit.core.gate_rules import GateResult, Rule, Status, Verdict
from edgekit.core.text import printable_lines
from edgekit.verdicts.sentences import UPDATE

# The worst first, as `GateResult.outcome` ranks them.
WORST_FIRST: tuple[Status, ...] = (
    "fail",
    "error",
    "incomparable",
    "inconclusive",
    "accepted",
    "pass",
)

VALUES = "old -> new"
"""What heads the values of both."""

_MOST_NAMED = 8
_MOST_CHANGES = 2


def subject_text(verdict: Verdict) -> str:
    """What is judged: `loss of top1_accuracy against baseline`, `size_bytes`, `operators`."""
    rule = verdict.rule
    # A loss of time is told as a ratio, where it could be judged: 0.05 as 1.05x.
    unjudged_loss = verdict.limit is None and rule.max_loss is not None
    if rule.metric and (verdict.quantity == "loss" or unjudged_loss):
        return f"loss of {rule.metric} against {rule.against}"
    if rule.metric:
        return f"{rule.metric} against {rule.against}" if verdict.unit == "x" else rule.metric
    return _kind(rule) or verdict.metric


def limit_text(verdict: Verdict) -> str:
    """What it is held against: `at most 0.01`, `at least 0.97`, `no others than ADD, MUL`."""
    rule = verdict.rule
    if rule.allowed_operators:
        names = rule.allowed_operators
        more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
        return f"no others than {', '.join(names[:_MOST_NAMED])}{more}"
    if rule.oldest_runtime:
        return rule.oldest_runtime
    if rule.fully_delegated:
        return "all"
    if not verdict.variant:
        return "as in the baseline"
    word = "at least" if rule.at_least is not None else "at most"
    limits = (verdict.limit, rule.max_loss, rule.at_least, rule.at_most)
    limit = next((value for value in limits if value is not None), None)
    return "-" if limit is None else f"{word} {figure_of_limit(limit, _unit(verdict))}"


def rule_text(verdict: Verdict) -> str:
    """The rule as one phrase: `loss of top1_accuracy against baseline at most 0.01`."""
    subject, limit = subject_text(verdict), limit_text(verdict)
    if limit == "-":
        return subject
    return f"{subject} {limit}" if verdict.rule.metric else f"{subject}: {limit}"


def _kind(rule: Rule) -> str:
    if rule.allowed_operators:
        return "operators"
    if rule.oldest_runtime:
        return "oldest runtime"
    return "operators in accelerated kernels" if rule.fully_delegated else ""


def _unit(verdict: Verdict) -> str:
    return "" if verdict.quantity == "loss" else verdict.unit  # a loss is a fraction


def values_text(verdict: Verdict, line_break: str = " ") -> str:
    """The value of what it is compared with, and the value now: `0.9722 -> 0.9583`.

    The value alone where it is compared with nothing, a dash where there is none.
    """
    if verdict.changes and not verdict.variant:
        count = len(verdict.changes)
        if count <= _MOST_CHANGES and line_break == " ":
            return one_line("; ".join(change.text for change in verdict.changes))
        return "1 change" if count == 1 else f"{count} changes"
    if verdict.changes:
        changes = [(one_line(one.old), one_line(one.new)) for one in verdict.changes]
        return "; ".join(f"{old}{line_break}-> {new}" for old, new in changes)
    values = verdict.values
    both = change_text(values.old, values.new, values.unit)
    if both:
        return both.replace(" -> ", f"{line_break}-> ")
    return "-" if values.new is None else number_text(values.new, values.unit)


def estimate_text(verdict: Verdict, line_break: str = " ") -> str:
    """The estimate and its one-sided bounds: `0.0042 [-0.0011 0.0093]`.

    Without bounds where there are none, or where chance has no part; a dash without an estimate.
    """
    if verdict.estimate is None:
        return "-"
    unit = _unit(verdict)
    text = number_text(verdict.estimate, unit)
    low, high = verdict.low, verdict.high
    if low is None or high is None or low == high == verdict.estimate:
        return text
    bounds = f"[{digits(low, unit)} {digits(high, unit)}]"
    return f"{text}{line_break}{bounds}"


def count_text(verdict: Verdict) -> str:
    """How many samples or processes it rests on; a dash where chance has no part."""
    if not verdict.n:
        return "-"
    return f"{verdict.n:,}" + (" processes" if verdict.counted == "processes" else "")


def remark(verdict: Verdict) -> str:
    """The verdict's sentence on one line, behind what it is about.

    Where an estimate is inconclusive and the sentence leaves it open, it says what would decide.
    """
    place = place_text(verdict)
    sentence = one_line(verdict.sentence or f"{verdict.status}: {rule_text(verdict)}")
    if not sentence.startswith(f"{place}: "):
        sentence = f"{place}: {sentence}"
    is_open = re.search(r"\bdecide\b", sentence)
    if verdict.status != "inconclusive" or verdict.estimate is None or is_open:
        return sentence
    what = verdict.counted or "samples"
    if verdict.needed is None:
        return f"{sentence} No number of {what} would decide it."
    return f"{sentence} About {verdict.needed:,} {what} would decide; there are {verdict.n:,}."


def notes(result: GateResult) -> list[str]:
    """What stands beside the verdicts and is not in a sentence that is shown anyway."""
    remarks = [
        f"{place_text(verdict)}: {one_line(verdict.note)}"
        for verdict in result.verdicts
        if verdict.note
        and (verdict.status == "pass" or one_line(verdict.note) not in remark(verdict))
    ]
    return list(dict.fromkeys([*remarks, *map(one_line, result.notes)]))


def place_text(verdict: Verdict) -> str:
    """`static_wi8_ai8 on litert`, or the variant alone where the rule is about its file."""
    place = f"{verdict.variant} on {verdict.target}" if verdict.target else verdict.variant
    return one_line(place or verdict.metric)


def worst_first(result: GateResult) -> list[Verdict]:
    """All verdicts, the worst first, else in their own order."""
    return sorted(result.verdicts, key=lambda one: WORST_FIRST.index(one.status))


def closing_line(result: GateResult) -> str:
    """What became of the whole: `failed: 1 of 5 rules broken, 1 undecided`.

    A rule counts once, however many variants and targets it is about, and as its worst verdict;
    that the contract is the baseline's is no rule of the project's, and said by itself.
    """
    worst: dict[Rule, Status] = {}
    for verdict in worst_first(result):
        worst.setdefault(verdict.rule, verdict.status)
    contract = worst.pop(Rule(), "pass")
    found = list(worst.values())
    total = len(found)
    unjudged = found.count("error") + found.count("incomparable")
    counts = (
        (found.count("fail"), "broken"),
        (unjudged, "not judged"),
        (found.count("inconclusive"), "undecided"),
        (found.count("accepted"), "accepted"),
    )
    if not total:
        text = "no rules"
    elif not any(count for count, _ in counts):
        text = f"{_rules(total)} held"
    else:
        first, *others = [f"{count} {word}" for count, word in counts if count]
        count, _, word = first.partition(" ")
        text = ", ".join([f"{count} of {_rules(total)} {word}", *others])
    if contract != "pass":
        changed = "the contract changed" + ", which is accepted" * (contract == "accepted")
        text = f"{changed}; {text}" if total else changed
    if result.outcome == "inconclusive" and result.exit_code == 0:
        text += ", which passes here"
    return f"{result.outcome}: {text}"


def _rules(count: int) -> str:
    return "1 rule" if count == 1 else f"{count} rules"


def baseline_line(result: GateResult) -> str:
    """What it was compared with, or that a new baseline was written; empty without a baseline."""
    if not result.baseline:
        return ""
    if result.updated:
        return f"baseline written: {result.baseline}"
    if result.refused:
        accept = " ".join(f"--accept {word}" for word in result.refused)
        kept = f"baseline not written: {result.baseline} is as it was"
        return f"{kept}; if that is meant: {UPDATE} {accept}"
    since = f" of {result.baseline_created_at}" if result.baseline_created_at else ""
    return f"baseline: {result.baseline}{since}"


def change_lines(result: GateResult) -> list[str]:
    """What a new baseline says otherwise than the old one, a line for each place."""
    by_place: dict[str, list[str]] = {}
    for change in result.changes:
        of = f" of {', '.join(change.variants)}" if change.variants else ""
        text = f"{change.key} {change.old} -> {change.new}"
        by_place.setdefault(f"{change.place}{of}", []).append(text)
    return [one_line(f"{place}: {', '.join(values)}") for place, values in by_place.items()]


def one_line(text: str) -> str:
    """Without line breaks and repeated blanks, and with control characters as escapes."""
    return printable_lines(" ".join(text.split()))
