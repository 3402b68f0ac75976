"""A claim: a quantity, what is known of it, and the limit it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from edgekit.core.baseline_record import Change
from edgekit.core.gate_rules import Quantity, Rule, Status
from edgekit.verdicts.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claim:
    """That a quantity is at most (or at least) `limit`.

    Where there is nothing to weigh, `evidence` is None: then `status` is the verdict, and `reason`
    says why. `old`, `new`, `old_of`, `value_unit` and `changes` are as in `Verdict`.
    """

    rule: Rule
    variant: str
    target: str
    metric: str
    limit: float | None = None
    at_least: bool = False
    quantity: Quantity = "value"
    unit: str = ""
    evidence: Evidence | None = None
    status: Status = "error"
    reason: str = ""
    note: str = ""
    old: float | None = None
    new: float | None = None
    old_of: Literal["float", "baseline", ""] = ""
    value_unit: str = ""
    changes: tuple[Change, ...] = ()


def contract_claim(changes: Sequence[Change]) -> Claim:
    """That the contract is the baseline's, which must hold wherever there is a baseline."""
    return Claim(
        rule=Rule(),
        variant="",
        target="",
        metric=Rule().about,
        status="fail" if changes else "pass",
        reason="; ".join(change.text for change in changes) or "as in the baseline",
        changes=tuple(changes),
    )
