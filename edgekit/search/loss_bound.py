"""What may be lost, and what is: measured on samples that nothing was fitted to."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.core.records import Contract, Metric
from edgekit.data.samples import Samples
from edgekit.measure import fidelity
from edgekit.measure.lost_content import LeastKept, lost_content
from edgekit.search import expected_loss, head_losses
from edgekit.search.head_losses import AGREEMENT, FIDELITY, HeadLoss
from edgekit.search.search_messages import LossLimits

_ROUNDING = 1e-9

Outputs = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a file loses.

    Attributes:
        quantity: What was measured: of several metrics, the one that loses most.
        value: The loss, or the SQNR in dB.
        low: Of its 95 % interval, None where there is none.
        high: Likewise.
        expected: What the margins of the decisions say of the loss, where so few samples
            cannot tell it; else None.
        lost: What an output that no metric judges has lost (see `lost_content`); else empty.
        holds: Whether the bound holds.
        excess: How far it is from holding: 0 or below where it holds.
    """

    quantity: str = ""
    value: float
    low: float | None = None
    high: float | None = None
    expected: float | None = None
    lost: str = ""
    holds: bool = False
    excess: float = math.inf


NOTHING = Verdict(value=math.inf)
"""Of a file that cannot be made, or cannot run."""


class Bound:
    """A bound on what a quantized file may lose against its float file.

    With labels the loss is the task metrics', each of which must hold; without labels that of
    agreement with float, and the error of the worst channel where outputs decide nothing (see
    `head_losses`). What an output decides is judged by that alone. Any other, of which a mean over
    columns may hide one, and any that no metric is about must be left besides: see
    `measure.lost_content`.

    Where one sample more or less decides (fewer held-out samples than 1 / `max_loss`), what
    is seen on them says little: 15 samples without an error are what a file that loses a
    tenth gives one time in five. Then the loss that the decisions' margins lead to expect
    (see `expected_loss`), over all calibration samples, has to stay below the bound too.

    Args:
        contract: The model's inputs and outputs.
        samples: All calibration samples, the held-out ones first, with labels or without.
        expected: What the float file gives for them.
        num_held: How many are held out: quantization was not fitted to them.
        limits: What may be lost.
    """

    def __init__(
        self,
        contract: Contract,
        samples: Samples,
        expected: Outputs,
        num_held: int,
        limits: LossLimits,
    ) -> None:
        self._contract, self._all, self._all_expected = contract, samples, expected
        self.num_held, self.limits = num_held, limits
        self.held = samples.take(range(num_held))
        self.others = samples.take(range(num_held, len(samples)))
        self._expected = {name: values[:num_held] for name, values in expected.items()}
        self.quantities: tuple[str, ...] = ("sqnr_db",)
        if limits.max_loss is not None:
            self.quantities = head_losses.quantities(
                contract, self.held, self._expected, limits.metric
            )
        few = limits.max_loss is not None and num_held * limits.max_loss < 1
        self.uses_margins = few and bool(self._with_margins())

    @property
    def quantity(self) -> str:
        """All that is bounded, as people read it."""
        return ", ".join(self.quantities)

    def judge(self, outputs: Outputs) -> Verdict:
        """What a file loses.

        Args:
            outputs: Its outputs for the held-out samples, perhaps with those for the other
                calibration samples behind them: margins are told from all of them.
        """
        held = {name: values[: self.num_held] for name, values in outputs.items()}
        max_loss, min_sqnr_db = self.limits.max_loss, self.limits.min_sqnr_db
        if not all(np.isfinite(values).all() for values in outputs.values()):
            bad = -math.inf if max_loss is None else math.inf
            return Verdict(quantity=self.quantities[0], value=bad)
        metrics = fidelity.compare(self._expected, held, self._contract)
        sqnr = next(m.value for m in metrics if m.name == "sqnr_db")
        short = 0.0 if min_sqnr_db is None else max(0.0, min_sqnr_db - sqnr)
        if max_loss is None:
            return Verdict(quantity="sqnr_db", value=sqnr, holds=short == 0, excess=short)
        worst = max((self._loss(name, held, metrics) for name in self.quantities), key=_value)
        guess = self._margins(outputs) if self.uses_margins else None
        over = max(0.0, worst.value - max_loss - _ROUNDING)
        over = max(over, 0.0 if guess is None else guess - max_loss)
        lost = self._lost(held, metrics, max_loss)
        return Verdict(
            quantity=worst.quantity,
            value=worst.value,
            low=worst.low,
            high=worst.high,
            expected=guess,
            lost=lost,
            holds=over == 0 and short == 0 and not lost,
            excess=over + short + bool(lost),
        )

    def _loss(self, quantity: str, held: Outputs, metrics: Sequence[Metric]) -> HeadLoss:
        base, at, output = quantity.partition("@")
        by_name = {metric.name: metric for metric in metrics}
        if base == AGREEMENT:
            return head_losses.of_agreement(by_name[quantity])
        if base == FIDELITY:
            return head_losses.of_channels(quantity, by_name[f"sqnr_db{at}{output}"])
        return head_losses.of_metric(quantity, self._expected, held, self.held, self._contract)

    def _lost(self, held: Outputs, metrics: Sequence[Metric], max_loss: float) -> str:
        least = LeastKept.unless_lower(max_loss, self.limits.min_sqnr_db)
        names = [
            spec.name
            for spec in self._contract.outputs
            if spec.name in held and not head_losses.are_decisions(self.quantities, spec)
        ]
        expected = {name: self._expected[name] for name in names}
        return lost_content(expected, held, self._contract, metrics, least)

    def _with_margins(self) -> list[tuple[str, bool]]:
        """Outputs whose decisions are bounded, and whether labels say what is right."""
        found = []
        for quantity in self.quantities:
            base, _, chosen = quantity.partition("@")
            if base not in ("top1_accuracy", AGREEMENT):
                continue
            names = [chosen] if chosen else [spec.name for spec in self._contract.outputs]
            found += [(name, base != AGREEMENT) for name in names]
        return found

    def _margins(self, outputs: Outputs) -> float | None:
        specs = {spec.name: spec for spec in self._contract.outputs}
        count = len(next(iter(outputs.values())))
        guesses = []
        for name, by_labels in self._with_margins():
            labels = self._all.labels_of(name, alone=len(specs) == 1) if by_labels else None
            guesses.append(
                expected_loss.expected_loss(
                    self._all_expected[name][:count],
                    outputs[name],
                    None if labels is None else labels[:count],
                    specs[name],
                )
            )
        return max((guess for guess in guesses if guess is not None), default=None)


def _value(loss: HeadLoss) -> float:
    return loss.value
