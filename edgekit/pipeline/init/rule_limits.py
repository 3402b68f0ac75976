"""Limits that a measured file holds with room to spare, for the rules that `init` writes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from edgekit.core.gate_rules import FRACTIONS, Rule
from edgekit.verdicts import claims
from edgekit.verdicts.evidence import LEVEL, Evidence
from edgekit.verdicts.facts import Facts

# Another machine's kernels round differently, and its times differ more: the limit that is written
# lies so far beyond what was shown here.
_ROOM_OF_LOSS, _ROOM_OF_SQNR_DB, _ROOM_OF_LATENCY = 1.25, 2.0, 1.1
_AGREEMENTS = (0.99, 0.98, 0.95, 0.9, 0.8)
_SQNR_DB = (60.0, 50.0, 40.0, 30.0, 25.0, 20.0, 15.0, 10.0)
_RATIOS = (1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 10.0)
_LOSSES = (0.005, 0.01, 0.02, 0.05, 0.1, 0.2)
# What a file may lose, or differ, and still be advised.
_MOST_LOST, _MOST_LOST_RELATIVE, _LEAST_AGREEMENT, _LEAST_SQNR_DB = 0.02, 0.1, 0.95, 20.0
# Ratios of latency up to this are called equal.
_SAME_LATENCY = 1.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Bound:
    """The limit for one rule.

    Attributes:
        metric: What the rule is about.
        limit: The strictest that holds; None where none can be shown, so that the rule would
            neither pass nor fail.
        says: What was measured, as a sentence; or why nothing was.
        advised: Whether such a file is worth having, as far as this tells.
        brief: The value alone, for a list; empty where there is none.
    """

    metric: str
    limit: float | None
    says: str
    advised: bool = True
    brief: str = ""


def loss(facts: Facts, metric: str, least: float) -> Bound:
    """What is lost of a task metric against the float file.

    Args:
        facts: Of the quantized file.
        metric: As rules spell it.
        least: No stricter limit than this is wanted.
    """
    evidence = _evidence(facts, Rule(metric=metric, max_loss=1.0))
    if isinstance(evidence, str):
        return _unknown(metric, evidence)
    relative = metric.partition("@")[0] not in FRACTIONS
    limit = _first(
        [one for one in _LOSSES if one >= least],
        lambda one: evidence.p_below(one / _ROOM_OF_LOSS),
    )
    return Bound(
        metric=metric,
        limit=limit,
        says=f"Measured here: {_lost(evidence.value)}{_at_most(evidence.high, limit)}.",
        advised=evidence.value <= (_MOST_LOST_RELATIVE if relative else _MOST_LOST),
        brief=f"{metric} {_lost(evidence.value)}",
    )


def agreement(facts: Facts, metric: str = "agreement") -> Bound:
    """How much of what the float file decides is decided alike, as a fraction."""
    evidence = _evidence(facts, Rule(metric=metric, at_least=0.5))
    if isinstance(evidence, str):
        return _unknown(metric, evidence)
    limit = _first(_AGREEMENTS, lambda one: evidence.p_above(1 - (1 - one) / _ROOM_OF_LOSS))
    return Bound(
        metric=metric,
        limit=limit,
        says=f"Measured here: {evidence.value:.4f}.",
        advised=evidence.value >= _LEAST_AGREEMENT,
        brief=f"{metric} {evidence.value:.4f}",
    )


def sqnr(facts: Facts, metric: str = "sqnr_db") -> Bound:
    """How near outputs are to the float file's, by their worst channel."""
    evidence = _evidence(facts, Rule(metric=metric, at_least=0.0))
    if isinstance(evidence, str):
        return _unknown(metric, evidence)
    limit = _first(_SQNR_DB, lambda one: evidence.p_above(one + _ROOM_OF_SQNR_DB))
    measured = facts.measurement.metric(metric)
    channel = measured.note.removeprefix("of ") if measured else ""
    output = metric.partition("@")[2]
    of = f" of {channel or output}" if channel or output else ""
    return Bound(
        metric=metric,
        limit=limit,
        says=f"Measured here: {evidence.value:.1f} dB{of}.",
        advised=evidence.value >= _LEAST_SQNR_DB,
        brief=f"SQNR{of} {evidence.value:.1f} dB",
    )


def latency(facts: Facts) -> Bound:
    """Time as a multiple of the float file's."""
    evidence = _evidence(facts, Rule(metric="latency_ratio", at_most=1.0))
    if isinstance(evidence, str):
        return _unknown("latency_ratio", evidence)
    limit = _first(_RATIOS, lambda one: evidence.p_below(one / _ROOM_OF_LATENCY))
    return Bound(
        metric="latency_ratio",
        limit=limit,
        says=f"Measured here: {evidence.value:.2f}.",
        advised=evidence.value <= _SAME_LATENCY,
        brief=f"{evidence.value:.2f}x of float's time",
    )


def _unknown(metric: str, reason: str) -> Bound:
    return Bound(metric=metric, limit=None, says=f"Not measured here: {reason}.")


def _evidence(facts: Facts, rule: Rule) -> Evidence | str:
    """What the gate would judge the rule by, or why it could not."""
    claim = next(claims.claims([rule], [facts], None))
    return claim.reason.rstrip(".") if claim.evidence is None else claim.evidence


def _first(limits: Sequence[float], p_value: Callable[[float], float]) -> float | None:
    """The first, and strictest, that would pass."""
    return next((one for one in limits if p_value(one) <= 1 - LEVEL), None)


def _lost(value: float) -> str:
    return f"{abs(value):.4f} {'lost' if value >= 0 else 'gained'}"


def _at_most(high: float, limit: float | None) -> str:
    return "" if limit is None else f", at most {high:.4f} as a bound"
