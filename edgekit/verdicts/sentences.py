"""A verdict in one sentence: what, by how much, and how sure."""

from __future__ import annotations

from edgekit.core.format import change_text, limit_text, number_text
from edgekit.core.gate_rules import SIZE_METRICS, Verdict

UPDATE = "edgekit gate --update-baseline"

_LOST = ("lost", "gained")
_GROWN = ("grew by", "shrank by")


def sentence(verdict: Verdict, reason: str = "") -> str:
    """What a verdict says, for people.

    Args:
        verdict: With everything but its sentence.
        reason: Why there is no estimate, where there is none.
    """
    return f"{_subject(verdict)} {_predicate(verdict, reason)}"


def _subject(verdict: Verdict) -> str:
    return (
        (verdict.variant or verdict.metric)
        + (f" on {verdict.target}" if verdict.target else "")
        + ":"
    )


def _predicate(verdict: Verdict, reason: str) -> str:
    if verdict.estimate is None or verdict.limit is None:
        words = {
            "inconclusive": f"{verdict.metric} is undecided: ",
            "incomparable": f"{verdict.metric} cannot be compared: ",
            "error": f"{verdict.metric} could not be judged: ",
        }
        return f"{words.get(verdict.status, '')}{reason}{_beside(verdict)}."
    return (
        f"{_what(verdict, verdict.estimate)}{_how_sure(verdict)} "
        f"({_limit(verdict, verdict.limit)}{_of(verdict)}){_more(verdict)}."
    )


def _beside(verdict: Verdict) -> str:
    """The values of a verdict without an estimate, and what to do about a contract."""
    text = ""
    if not verdict.variant and verdict.status == "fail":  # what changed is the reason
        text = f"; if that is meant: {UPDATE} --accept {verdict.rule.accepted_by}"
    elif verdict.variant and verdict.changes:
        changes = [f"{one.key} {one.old} -> {one.new}" for one in verdict.changes]
        text = f" ({'; '.join(changes)})"
    elif values := _values(verdict):
        text = f" ({verdict.metric} {values})"
    return text + _accepted(verdict)


def _accepted(verdict: Verdict) -> str:
    by = verdict.rule.accepted_by
    return f"; accepted by --accept {by}" if verdict.status == "accepted" else ""


def _what(verdict: Verdict, value: float) -> str:
    rule = verdict.rule
    against = "the baseline" if rule.against == "baseline" else "the float file"
    values = _values(verdict)
    if verdict.quantity == "loss":
        subject = f"{verdict.metric} {values}:" if values else verdict.metric
        if value == 0 and verdict.n:
            return f"{subject} lost nothing against {against}"
        words = _GROWN if verdict.metric in SIZE_METRICS else _LOST
        change = words[0] if value > 0 else words[1]
        return f"{subject} {change} {_number(abs(value), verdict)} against {against}"
    if verdict.unit == "x":
        what = "latency" if verdict.metric == "latency_ratio" else "peak memory"
        shown = f" ({values})" if values else ""
        return f"{what} is {_number(value, verdict)} that of {against}{shown}"
    shown = f" ({values} since the baseline)" if values else ""
    return f"{verdict.metric} is {_number(value, verdict)}{shown}"


def _how_sure(verdict: Verdict) -> str:
    low, high = verdict.low, verdict.high
    if not verdict.n or low is None or high is None or low == high == verdict.estimate:
        return ""
    if verdict.status == "inconclusive":
        return f", somewhere from {_number(low, verdict)} to {_number(high, verdict)}"
    passes, at_least = verdict.status == "pass", verdict.rule.at_least is not None
    if passes == at_least:
        return f", 95 % sure of more than {_number(low, verdict)}"
    return f", 95 % sure of less than {_number(high, verdict)}"


def _limit(verdict: Verdict, limit: float) -> str:
    bound = "at least" if verdict.rule.at_least is not None else "at most"
    unit = "" if verdict.quantity == "loss" else verdict.unit
    return f"{bound} {limit_text(limit, unit)} allowed"


def _of(verdict: Verdict) -> str:
    return f"; {verdict.n:,} {verdict.counted}" if verdict.n else ""


def _more(verdict: Verdict) -> str:
    text = ""
    if verdict.status == "inconclusive":
        text = (
            f"; about {verdict.needed:,} {verdict.counted} would decide"
            if verdict.needed
            else f"; more {verdict.counted} would not decide it soon"
        )
    text += _accepted(verdict)
    return f"{text}; {verdict.note}" if verdict.note else text


def _values(verdict: Verdict) -> str:
    return change_text(verdict.values.old, verdict.values.new, verdict.values.unit)


def _number(value: float, verdict: Verdict) -> str:
    return number_text(value, "" if verdict.quantity == "loss" else verdict.unit)
