"""Whether so much of an output is lost that the file no longer computes what the model does.

- Where an output decides (`classes`, `binary`, `tags`, `mask`, `ids`): it agrees with the float
  file's in less than 0.8 of its decisions (of masks also by intersection over union), or less than
  half is left of one of them (see `kept_decisions`).
- Any other: its worst channel is less than 10 dB from the float file's, a third of what it varies
  by. How a classifier's probabilities move is nobody's loss while it decides alike.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from edgekit.core.records import Contract, Metric, TensorSpec
from edgekit.measure.agreement import decides
from edgekit.measure.kept_decisions import least_kept

LEAST_SQNR_DB = 10.0
LEAST_AGREEMENT = 0.8
_LEAST_KEPT = 0.5
# Of fewer samples one that differs is more than a tenth: half of the bound counts.
_FEWEST_SAMPLES = 10
_ONE_SIDED = 1.645  # standard errors: 95 %

Outputs = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class LeastKept:
    """What has to be left of outputs, where nobody says otherwise.

    Attributes:
        sqnr_db: Of the worst channel.
        agreement: Of decisions.
    """

    sqnr_db: float = LEAST_SQNR_DB
    agreement: float = LEAST_AGREEMENT

    @classmethod
    def unless_lower(cls, max_loss: float | None, min_sqnr_db: float | None) -> LeastKept:
        """The default bounds, or lower ones that were asked for."""
        sqnr_db, agreement = LEAST_SQNR_DB, LEAST_AGREEMENT
        if min_sqnr_db is not None:
            sqnr_db = min(sqnr_db, min_sqnr_db)
        if max_loss:
            sqnr_db = min(sqnr_db, -20 * math.log10(max_loss))
            agreement = min(agreement, 1 - max_loss)
        return cls(sqnr_db=sqnr_db, agreement=agreement)

    def surely(self, count: int) -> LeastKept:
        """Less agreement, below which so many samples leave no doubt that the bound is missed."""
        chance = _ONE_SIDED * math.sqrt(self.agreement * (1 - self.agreement) / max(1, count))
        return replace(self, agreement=max(0.0, round(self.agreement - chance, 2)))


def lost_content(
    reference: Outputs,
    candidate: Outputs,
    contract: Contract,
    metrics: Sequence[Metric],
    least: LeastKept | None = None,
) -> str:
    """What is lost of the outputs, as part of a sentence; empty where all of them hold.

    Args:
        reference: The float file's outputs by name, `(n, ...)`, finite.
        candidate: Those of the file that is judged.
        contract: What the outputs are.
        metrics: What `fidelity.compare` says of the two.
        least: Bounds other than the default ones.
    """
    least = least or LeastKept()
    by_name = {metric.name: metric for metric in metrics}
    specs = {spec.name: spec for spec in contract.outputs}
    for name in reference:
        spec = specs.get(name) or TensorSpec(name=name, shape=(), dtype="float32")
        figures = {
            figure: by_name.get(f"{figure}@{name}") or by_name.get(figure)
            for figure in ("sqnr_db", "pooled_sqnr_db", "agreement", "agreement_iou")
        }
        if decides(spec) and figures["agreement"] is not None:
            lost = _lost_decisions(reference[name], candidate[name], spec, figures, least)
        else:
            lost = _lost_channel(name, figures, least)
        if lost:
            return lost
    return ""


def _lost_decisions(
    a: np.ndarray,
    b: np.ndarray,
    spec: TensorSpec,
    figures: Mapping[str, Metric | None],
    least: LeastKept,
) -> str:
    agreement, overlap = figures["agreement"], figures["agreement_iou"]
    assert agreement is not None  # as the caller has seen
    limit = least.agreement if len(a) >= _FEWEST_SAMPLES else least.agreement / 2
    if agreement.value < limit:
        return (
            f"output {spec.name!r} agrees with the float file to {agreement.value:.2f} on {len(a)} "
            f"samples, less than {limit:g}"
        )
    if overlap is not None and overlap.value < limit:
        return (
            f"output {spec.name!r} overlaps the float file's by {overlap.value:.2f} (IoU) on "
            f"{len(a)} samples, less than {limit:g}"
        )
    kept = least_kept(a, b, spec)
    if kept is None or kept.dice >= min(_LEAST_KEPT, least.agreement):
        return ""
    return (
        f"of {kept.name!r}, which the float file decides in {kept.samples} of {len(a)} samples, "
        f"{kept.dice:.2f} is left (Dice), less than {_LEAST_KEPT:g}"
    )


def _lost_channel(name: str, figures: Mapping[str, Metric | None], least: LeastKept) -> str:
    sqnr, pooled = figures["sqnr_db"], figures["pooled_sqnr_db"]
    if sqnr is None or sqnr.value >= least.sqnr_db:
        return ""
    channel = sqnr.note.removeprefix("of ") or name
    beside = ""
    if pooled is not None and channel != name:
        beside = f" ({pooled.value:.1f} dB over its whole output)"
    return f"the SQNR of {channel!r} is {sqnr.value:.1f} dB{beside}, less than {least.sqnr_db:g} dB"
