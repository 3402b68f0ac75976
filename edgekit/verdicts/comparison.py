"""Evidence of a metric's value, and of its loss against another measurement of the same samples."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from edgekit.core.errors import DataError
from edgekit.core.gate_rules import FRACTIONS
from edgekit.core.records import Metric
from edgekit.verdicts import recompute
from edgekit.verdicts.bca import RESAMPLES
from edgekit.verdicts.bootstrap import Bootstrapped
from edgekit.verdicts.evidence import Evidence
from edgekit.verdicts.facts import Recompute
from edgekit.verdicts.paired import Paired
from edgekit.verdicts.proportion import Proportion

# Of a metric that somebody's own function computes, on a draw of all samples: each costs a call.
_RESAMPLES_OF_WHOLE = 400


def value(metric: Metric, n: int, again: Recompute | None = None) -> Evidence:
    """What samples say of a metric.

    Args:
        metric: With its per-sample values.
        n: How many samples there are.
        again: What computes it on a draw of them, where there are no per-sample values.

    Raises:
        DataError: There are neither.
    """
    if _is_binary(metric):
        return Proportion(successes=round(sum(metric.raw)), n=len(metric.raw))
    resampled = _Resampled(metric, again)
    return _bootstrapped(resampled, n, resampled, hope=None)


def loss(
    candidate: Metric,
    reference: Metric,
    n: int,
    again: tuple[Recompute, Recompute] | None = None,
) -> Evidence:
    """What samples say of a metric's loss: `reference - candidate` where higher is better.

    As a difference for metrics that are fractions of samples, and as a fraction of the reference
    for all others.

    Args:
        candidate: Of the file that is judged.
        reference: Of what it is compared with, on the same samples in the same order.
        n: How many samples there are.
        again: What computes the two on a draw of samples, where there are no per-sample values.

    Raises:
        DataError: Nothing to compute them from, or the reference is 0.
    """
    if _is_binary(candidate) and _is_binary(reference) and candidate.better == "higher":
        return Paired.of(np.asarray(reference.raw), np.asarray(candidate.raw))
    sign = 1.0 if candidate.better == "higher" else -1.0
    relative = candidate.name.partition("@")[0] not in FRACTIONS
    if relative and reference.value == 0:
        raise DataError(
            f"A loss of {candidate.name} cannot be a fraction of the reference's value, which is "
            "0.",
            received=f"{reference.value:g} of the reference, {candidate.value:g} now",
            hint="say at_most instead of max_loss.",
        )
    new = _Resampled(candidate, again[0] if again else None)
    old = _Resampled(reference, again[1] if again else None)

    def lost(rows: np.ndarray) -> np.ndarray:
        before, after = old(rows), new(rows)
        return np.asarray(sign * (before - after) / (np.abs(before) if relative else 1.0))

    return _bootstrapped(lost, n, new, hope=0.0)


def same(candidate: Metric, reference: Metric) -> bool:
    """Whether two measurements say the same of every sample."""
    return candidate.raw == reference.raw and candidate.parts == reference.parts


class _Resampled:
    """A metric on draws of its samples: rows of indices `(r, m)` to values `(r,)`."""

    def __init__(self, metric: Metric, again: Recompute | None) -> None:
        self._statistic, self._again = metric.statistic, again
        self.whole = again is not None
        self.is_average_precision = metric.statistic in recompute.AVERAGE_PRECISIONS
        self._parts = np.array(metric.parts or [metric.raw], dtype=np.float64)
        if not self._parts.size and again is None:
            raise DataError(
                f"{metric.name} needs its values by sample.",
                received="a measurement without per-sample values",
                hint="measure it again: edgekit gate --update-baseline.",
            )

        self.strata = None if self.whole else recompute.strata(metric.statistic, self._parts)

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        if self._again is not None:
            return np.array([self._again(row) for row in rows])
        return recompute.compute(self._statistic, self._parts, rows)


def _bootstrapped(
    statistic: Callable[[np.ndarray], np.ndarray],
    n: int,
    of: _Resampled,
    *,
    hope: float | None,
) -> Evidence:
    resamples = _RESAMPLES_OF_WHOLE if of.whole else RESAMPLES
    return Bootstrapped.of(
        statistic,
        n,
        strata=of.strata,
        resamples=resamples,
        hope=hope,
        is_average_precision=of.is_average_precision,
    )


def _is_binary(metric: Metric) -> bool:
    return (
        metric.statistic == "mean" and bool(metric.raw) and all(v in (0.0, 1.0) for v in metric.raw)
    )
