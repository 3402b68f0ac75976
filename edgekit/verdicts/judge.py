"""Claims in, verdicts out.

A claim passes when the evidence makes its opposite implausible (a one-sided test at 5 %), fails
when it makes the claim itself implausible, and is inconclusive otherwise. So noise neither passes
a loss nor stops a change without one: it asks for more samples.

A gate passes when every claim does, an intersection-union test, whose error is at most that of
one claim (Berger 1982, Technometrics 24:295): passing needs no correction. It fails when one claim
does, and the more claims the likelier by chance: failing is corrected by Holm's procedure (1979,
Scandinavian Journal of Statistics 6:65), over the claims in which there is chance.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from edgekit.core.errors import EXIT_GATE_FAILED, EXIT_INCONCLUSIVE, EXIT_OK, EXIT_USAGE
from edgekit.core.gate_rules import OnInconclusive, Outcome, Status, Verdict
from edgekit.verdicts import sentences
from edgekit.verdicts.claim import Claim
from edgekit.verdicts.evidence import LEVEL, Exactly, is_same

_ALPHA = 1 - LEVEL
# A p-value that was computed as exactly 5 % may differ in its last digits.
_ROUNDING = 1e-9


def judge(claims: Iterable[Claim], accept: Collection[str] = ()) -> tuple[Verdict, ...]:
    """One verdict for each claim, in their order.

    Args:
        claims: What is to hold.
        accept: Words of `gate_rules.ACCEPTABLE`: what they name is accepted where it fails.
    """
    weighed = list(claims)
    failed = _holm([_p_fail(claim) for claim in weighed])
    statuses = [_status(claim, fails) for claim, fails in zip(weighed, failed, strict=True)]
    return tuple(
        _verdict(
            claim, "accepted" if status == "fail" and claim.rule.accepted_by in accept else status
        )
        for claim, status in zip(weighed, statuses, strict=True)
    )


def outcome(verdicts: Sequence[Verdict]) -> Outcome:
    """The worst of the verdicts: failed, then unjudged, then inconclusive."""
    statuses = {verdict.status for verdict in verdicts}
    if "fail" in statuses:
        return "failed"
    if statuses & {"error", "incomparable"}:
        return "unjudged"
    return "inconclusive" if "inconclusive" in statuses else "passed"


def exit_code(result: Outcome, on_inconclusive: OnInconclusive) -> int:
    """0 passed, 1 failed, 2 could not judge, 3 inconclusive or what that shall mean."""
    if result == "inconclusive":
        return {"pass": EXIT_OK, "fail": EXIT_GATE_FAILED, "exit3": EXIT_INCONCLUSIVE}[
            on_inconclusive
        ]
    return {"passed": EXIT_OK, "failed": EXIT_GATE_FAILED, "unjudged": EXIT_USAGE}[result]


def _p_fail(claim: Claim) -> float | None:
    """How probable such evidence would be if the claim held; None where chance has no part."""
    evidence, limit = claim.evidence, claim.limit
    if evidence is None or limit is None or isinstance(evidence, Exactly):
        return None
    return evidence.p_below(limit) if claim.at_least else evidence.p_above(limit)


def _holm(p_values: Sequence[float | None]) -> list[bool]:
    """Which are rejected, at 5 % for all of them together."""
    of_chance = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    rejected = [False] * len(p_values)
    for place, (p, index) in enumerate(of_chance):
        if p > _ALPHA / (len(of_chance) - place) + _ROUNDING:
            break
        rejected[index] = True
    return rejected


def _status(claim: Claim, fails: bool) -> Status:
    evidence, limit = claim.evidence, claim.limit
    if evidence is None or limit is None:
        return claim.status
    if isinstance(evidence, Exactly):
        return "pass" if _holds(evidence.value, limit, claim.at_least) else "fail"
    p_pass = evidence.p_above(limit) if claim.at_least else evidence.p_below(limit)
    if p_pass <= _ALPHA + _ROUNDING:
        return "pass"
    return "fail" if fails else "inconclusive"


def _holds(value: float, limit: float, at_least: bool) -> bool:
    return is_same(value, limit) or (value > limit if at_least else value < limit)


def _finite(bound: float) -> float | None:
    """None where nothing is claimed."""
    return bound if math.isfinite(bound) else None


def _verdict(claim: Claim, status: Status) -> Verdict:
    evidence = claim.evidence
    verdict = Verdict(
        variant=claim.variant,
        target=claim.target,
        metric=claim.metric,
        rule=claim.rule,
        status=status,
        sentence="",
        quantity=claim.quantity,
        unit=claim.unit,
        limit=claim.limit,
        note=claim.note,
        values=claim.values,
        changes=claim.changes,
    )
    if evidence is not None and claim.limit is not None:
        verdict = replace(
            verdict,
            estimate=evidence.value,
            low=_finite(evidence.low),
            high=_finite(evidence.high),
            n=evidence.n,
            counted=evidence.counted,
            needed=evidence.needed(claim.limit) if status == "inconclusive" else None,
        )
    return replace(verdict, sentence=sentences.sentence(verdict, claim.reason))
