"""What a loss is measured by: each output's task metric where it has labels, else fidelity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edgekit.core.gate_rules import ACCURACIES, FRACTIONS
from edgekit.core.records import Contract, Metric, TensorSpec
from edgekit.data.samples import Samples
from edgekit.measure import accuracy, fidelity, intervals
from edgekit.measure.agreement import decides
from edgekit.measure.default_metrics import default_metrics
from edgekit.verdicts.paired import Paired

AGREEMENT = "agreement"
FIDELITY = "fidelity"
_OF_DECISIONS = (*ACCURACIES, "auc")

Outputs = Mapping[str, np.ndarray]


@dataclass(frozen=True, slots=True, kw_only=True)
class HeadLoss:
    """What is lost by one metric, with its 95 % interval where there is one."""

    quantity: str
    value: float
    low: float | None = None
    high: float | None = None


def quantities(
    contract: Contract, samples: Samples, expected: Outputs, asked: Sequence[str]
) -> tuple[str, ...]:
    """What is bounded, by `METRIC@OUTPUT` where the model has several outputs.

    With labels the metrics that were asked for; else each labelled output's own, and
    `agreement@OUTPUT` of others that decide something. Without labels `agreement` (of several
    outputs that of the worst for each sample), and `fidelity` of outputs that decide nothing:
    the error of their worst channel, as a fraction of what it varies by.
    """
    metrics = tuple(asked) if samples.is_labelled else ()
    metrics = metrics or default_metrics(contract, samples)
    found = {metric.name for metric in fidelity.compare(expected, expected, contract)}
    several = len(expected) > 1
    if metrics:
        others = (f"{AGREEMENT}@{name}" for name in expected if not covers(metrics, name))
        return metrics if asked else (*metrics, *(name for name in others if name in found))
    values = [
        f"{FIDELITY}@{spec.name}" if several else FIDELITY
        for spec in contract.outputs
        if spec.name in expected and not decides(spec) and spec.kind != "state"
    ]
    agreement = [AGREEMENT] if AGREEMENT in found else []
    return (*agreement, *values) or (FIDELITY,)


def covers(metrics: Sequence[str], output: str) -> bool:
    """Whether one of the metrics is about an output: it names it, or none."""
    return any(metric.partition("@")[2] in ("", output) for metric in metrics)


def are_decisions(metrics: Sequence[str], spec: TensorSpec) -> bool:
    """Whether a metric is about what an output decides, so that nothing else of it matters."""
    about = [metric for metric in metrics if covers([metric], spec.name)]
    return bool(about) and (
        decides(spec) or any(metric.partition("@")[0] in _OF_DECISIONS for metric in about)
    )


def of_channels(quantity: str, sqnr: Metric) -> HeadLoss:
    """The worst channel's error as a fraction of what it varies by."""
    return HeadLoss(quantity=quantity, value=10 ** (-sqnr.value / 20))


def of_agreement(agreed: Metric) -> HeadLoss:
    """What no longer agrees with the float file."""
    return HeadLoss(
        quantity=agreed.name,
        value=1 - agreed.value,
        low=None if agreed.high is None else 1 - agreed.high,
        high=None if agreed.low is None else 1 - agreed.low,
    )


def of_metric(
    metric: str, expected: Outputs, outputs: Outputs, samples: Samples, contract: Contract
) -> HeadLoss:
    """The metric's loss against float, with the interval of paired differences.

    Args:
        metric: As `accuracy.measure` takes it.
        expected: The float file's outputs.
        outputs: Those of the file that is judged.
        samples: With labels, as many as the outputs have rows.
        contract: What the outputs are.

    Returns:
        Of metrics that are fractions the difference; of others a fraction of float's.
    """
    before = accuracy.measure(metric, expected, samples, contract)
    after = accuracy.measure(metric, outputs, samples, contract)
    sign = 1 if before.better == "higher" else -1
    unit = 1.0
    if metric.partition("@")[0] not in FRACTIONS:
        unit = max(abs(before.value), 1e-12)
    value = sign * (before.value - after.value) / unit
    if not before.raw or not after.raw:
        return HeadLoss(quantity=metric, value=value)
    differences = sign * (np.array(before.raw) - np.array(after.raw)) / unit
    between: tuple[float, float] | None
    if np.isin(differences, (-1.0, 0.0, 1.0)).all():
        lost, won = int((differences > 0).sum()), int((differences < 0).sum())
        between = Paired(lost, won, len(differences)).interval
    else:
        between = intervals.mean_interval(differences)
    low, high = between or (None, None)
    return HeadLoss(quantity=metric, value=value, low=low, high=high)
