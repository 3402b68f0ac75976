"""A claim: a quantity, what is known of it, and the limit it is held against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from edgekit.core.baseline_record import Change, Values
from edgekit.core.gate_rules import Against, Quantity, Rule, Status
from edgekit.verdicts.evidence import Evidence


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Claim:
    """That a quantity is at most (or at least) `limit`.

    Where there is nothing to weigh, `evidence` is None: then `status` is the verdict, and `reason`
    says why. `values` and `changes` are as in `Verdict`.
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
    values: Values = field(default_factory=Values)
    changes: tuple[Change, ...] = ()

    def with_value(self, value: float, unit: str) -> Claim:
        """The claim with the metric's value now."""
        return replace(self, values=Values(new=value, unit=unit))

    def against(self, value: float, of: Against) -> Claim:
        """The claim with the value of what it is compared with, where there is one now."""
        if self.values.new is None:
            return self
        return replace(self, values=replace(self.values, old=value, of=of))


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
