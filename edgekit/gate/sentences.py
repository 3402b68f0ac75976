"""A verdict in one sentence: what, by how much, and how sure."""

from __future__ import annotations

import math

from edgekit.rules import FRACTIONS, Verdict

_LOST = {"size_bytes": "grew by", "compressed_bytes": "grew by"}


def sentence(verdict: Verdict, reason: str = "") -> str:
    """What a verdict says, for people.

    Args:
        verdict: With everything but its sentence.
        reason: Why there is no estimate, where there is none.
    """
    return f"{_subject(verdict)} {_predicate(verdict, reason)}"


def _subject(verdict: Verdict) -> str:
    return verdict.variant + (f" on {verdict.target}" if verdict.target else "") + ":"


def _predicate(verdict: Verdict, reason: str) -> str:
    if verdict.estimate is None:
        words = {
            "inconclusive": f"{verdict.metric} is undecided: ",
            "incomparable": f"{verdict.metric} cannot be compared: ",
            "error": f"{verdict.metric} could not be judged: ",
        }
        return f"{words.get(verdict.status, '')}{reason}."
    return (
        f"{_what(verdict)}{_how_sure(verdict)} ({_limit(verdict)}{_of(verdict)}){_more(verdict)}."
    )


def _what(verdict: Verdict) -> str:
    assert verdict.estimate is not None
    rule, value = verdict.rule, verdict.estimate
    against = "the baseline" if rule.against == "baseline" else "the float file"
    if verdict.quantity == "loss":
        if value == 0 and verdict.n:
            return f"{verdict.metric} lost nothing against {against}"
        name = _LOST.get(verdict.metric, "lost")
        return f"{verdict.metric} {name} {number(value, verdict)} against {against}"
    if verdict.unit == "x":
        what = "latency" if verdict.metric == "latency_ratio" else "peak memory"
        return f"{what} is {value:.3g}x that of {against}"
    return f"{verdict.metric} is {number(value, verdict)}"


def _how_sure(verdict: Verdict) -> str:
    low, high = verdict.low, verdict.high
    if not verdict.n or low is None or high is None or low == high == verdict.estimate:
        return ""
    if verdict.status == "inconclusive":
        return f", somewhere from {number(low, verdict)} to {number(high, verdict)}"
    passes, at_least = verdict.status == "pass", verdict.rule.at_least is not None
    if passes == at_least:
        return f", 95 % sure of more than {number(low, verdict)}"
    return f", 95 % sure of less than {number(high, verdict)}"


def _limit(verdict: Verdict) -> str:
    assert verdict.limit is not None
    bound = "at least" if verdict.rule.at_least is not None else "at most"
    return f"{bound} {_as_written(verdict.limit, verdict)} allowed"


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
    return f"{text}; {verdict.note}" if verdict.note else text


def _as_written(limit: float, verdict: Verdict) -> str:
    """A limit as somebody wrote it: `0.02`, not `0.0200`."""
    if verdict.unit == "B":
        return number(limit, verdict)
    return f"{limit:.10g}{verdict.unit if verdict.unit == 'x' else ''}"


def number(value: float, verdict: Verdict) -> str:
    """A number of a verdict, in its unit.

    Fractions have four digits, bytes none, ratios three significant ones.
    """
    if not math.isfinite(value):
        return str(value)
    if verdict.unit == "B":
        return f"{value:,.0f} bytes"
    if verdict.unit == "x":
        return f"{value:.3g}x"
    if verdict.quantity == "loss" or verdict.metric.partition("@")[0] in FRACTIONS:
        return f"{value:.4f}"
    return f"{value:.4g}{f' {verdict.unit}' if verdict.unit else ''}"
