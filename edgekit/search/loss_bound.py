"""What may be lost, and what is: measured on samples that nothing was fitted to."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edgekit.core.errors import UsageError
from edgekit.core.gate_rules import FRACTIONS
from edgekit.core.records import Contract
from edgekit.data.samples import Samples
from edgekit.measure import accuracy, default_metrics, fidelity, intervals
from edgekit.search import expected_loss
from edgekit.search.search_messages import LossLimits
from edgekit.verdicts.paired import Paired

_ROUNDING = 1e-9

Outputs = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What a file loses.

    Attributes:
        value: The loss, or the SQNR in dB.
        low: Of its 95 % interval, None where there is none.
        high: Likewise.
        expected: What the margins of the classes say of the loss, where so few samples
            cannot tell it; else None.
        holds: Whether the bound holds.
        excess: How far it is from holding: 0 or below where it holds.
    """

    value: float
    low: float | None
    high: float | None
    expected: float | None
    holds: bool
    excess: float


NOTHING = Verdict(value=math.inf, low=None, high=None, expected=None, holds=False, excess=math.inf)
"""Of a file that cannot be made, or cannot run."""


class Bound:
    """A bound on what a quantized file may lose against its float file.

    With labels the loss is the task metric's, without labels 1 - agreement with float.

    Where one sample more or less decides (fewer held-out samples than 1 / `max_loss`), what
    is seen on them says little: 15 samples without an error are what a file that loses a
    tenth gives one time in five. Then the loss that the classes' margins lead to expect
    (see `expected_loss`), over all calibration samples, has to stay below the bound too.

    Args:
        contract: The model's inputs and outputs.
        samples: All calibration samples, the held-out ones first, with labels or without.
        expected: What the float file gives for them.
        num_held: How many are held out: quantization was not fitted to them.
        limits: What may be lost.

    Raises:
        UsageError: A loss is bounded and neither labels nor classes tell it.
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
        self.quantity = "sqnr_db"
        if limits.max_loss is not None:
            self.quantity = self._quantity(limits.metric)
        few = limits.max_loss is not None and num_held * limits.max_loss < 1
        classes = self.quantity.partition("@")[0] in ("top1_accuracy", "agreement")
        self.uses_margins = few and classes

    def _quantity(self, metrics: tuple[str, ...]) -> str:
        labels = self.held.labels
        name = next(iter(metrics), None) or default_metrics.default_metric(self._contract, labels)
        if labels is not None and name is not None:
            return name
        if any(self._names_classes(output) for output in self._expected):
            return "agreement"
        raise UsageError(
            "--max-loss needs labels, or outputs that name classes.",
            received="calibration samples without labels for outputs that name no classes"
            if labels is None
            else "labels that ask for no metric by themselves",
            hint="--min-sqnr 25 bounds the error of any outputs, in dB.",
        )

    def _names_classes(self, name: str) -> bool:
        values = {name: self._expected[name]}
        return any(m.name == "agreement" for m in fidelity.compare(values, values, self._contract))

    def judge(self, outputs: Outputs) -> Verdict:
        """What a file loses.

        Args:
            outputs: Its outputs for the held-out samples, perhaps with those for the other
                calibration samples behind them: margins are told from all of them.
        """
        held = {name: values[: self.num_held] for name, values in outputs.items()}
        if not all(np.isfinite(values).all() for values in outputs.values()):
            bad = -math.inf if self.quantity == "sqnr_db" else math.inf
            return Verdict(
                value=bad, low=None, high=None, expected=None, holds=False, excess=math.inf
            )
        metrics = {m.name: m for m in fidelity.compare(self._expected, held, self._contract)}
        sqnr = metrics["sqnr_db"].value
        max_loss, min_sqnr_db = self.limits.max_loss, self.limits.min_sqnr_db
        short = 0.0 if min_sqnr_db is None else max(0.0, min_sqnr_db - sqnr)
        if max_loss is None:
            return Verdict(
                value=sqnr, low=None, high=None, expected=None, holds=short == 0, excess=short
            )
        if self.quantity == "agreement":
            agreed = metrics["agreement"]
            value = 1 - agreed.value
            low = None if agreed.high is None else 1 - agreed.high
            high = None if agreed.low is None else 1 - agreed.low
        else:
            value, low, high = self._loss(held)
        guess = self._margins(outputs) if self.uses_margins else None
        over = max(0.0, value - max_loss - _ROUNDING)
        over = max(over, 0.0 if guess is None else guess - max_loss)
        return Verdict(
            value=value,
            low=low,
            high=high,
            expected=guess,
            holds=over == 0 and short == 0,
            excess=over + short,
        )

    def _loss(self, outputs: Outputs) -> tuple[float, float | None, float | None]:
        """The metric's loss against float, with the interval of paired differences."""
        before = accuracy.measure(self.quantity, self._expected, self.held, self._contract)
        after = accuracy.measure(self.quantity, outputs, self.held, self._contract)
        sign = 1 if before.better == "higher" else -1
        unit = 1.0
        if self.quantity.partition("@")[0] not in FRACTIONS:
            unit = max(abs(before.value), 1e-12)
        value = sign * (before.value - after.value) / unit
        if not before.raw or not after.raw:
            return value, None, None
        differences = sign * (np.array(before.raw) - np.array(after.raw)) / unit
        if np.isin(differences, (-1.0, 0.0, 1.0)).all():
            lost, won = int((differences > 0).sum()), int((differences < 0).sum())
            return value, *Paired(lost, won, len(differences)).interval
        between = intervals.mean_interval(differences)
        return (value, *between) if between else (value, None, None)

    def _margins(self, outputs: Outputs) -> float | None:
        chosen = self.quantity.partition("@")[2]
        labels = self._all.labels if self.quantity != "agreement" else None
        specs = {spec.name: spec for spec in self._contract.outputs}
        names = [chosen] if chosen else [n for n in specs if self._names_classes(n)]
        count = len(next(iter(outputs.values())))
        guesses = [
            expected_loss.expected_loss(
                self._all_expected[name][:count],
                outputs[name],
                None if labels is None else labels[:count],
                specs[name],
            )
            for name in names
        ]
        known = [guess for guess in guesses if guess is not None]
        return max(known) if known else None
