"""Which file to ship, and what is wrong with the others: one line each."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass
from typing import Literal

from edgekit.core.gate_rules import FRACTIONS, TASK_METRICS
from edgekit.core.records import Measurement, Metric

# A file may lose this fraction of accuracy (or of agreement with float) and still be shipped.
MAX_LOSS = 0.01
# Latencies closer than this count as equal: the smaller file wins.
SAME_LATENCY = 0.05
_SHARES = frozenset(TASK_METRICS) & frozenset(FRACTIONS)

Speed = Literal["faster", "as fast", "slower"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """The file to ship, or None when there is none, and the reason; remarks by file.

    `rule` says how it was chosen.
    """

    ship: str | None
    reason: str
    remarks: dict[str, str]
    rule: str = ""


def speed(ratio: Metric) -> Speed:
    """What a multiple of float's latency says, in a word.

    Slower or faster is what differs by more than `SAME_LATENCY` and surely so: the interval,
    where there is one, lies on that side of 1.
    """
    low, high = (ratio.value if end is None else end for end in (ratio.low, ratio.high))
    if ratio.value > 1 + SAME_LATENCY and low > 1:
        return "slower"
    if ratio.value < 1 / (1 + SAME_LATENCY) and high < 1:
        return "faster"
    return "as fast"


def fastest_then_smallest(files: Sequence[tuple[float, float]]) -> int:
    """The place of the file to prefer: the fastest, or the smallest of those about as fast.

    Args:
        files: The latency of each, as a multiple of one reference's, and its bytes; at least one.
    """
    fastest = min(time for time, _ in files)
    near = [i for i, (time, _) in enumerate(files) if time <= fastest * (1 + SAME_LATENCY)]
    return min(near, key=lambda i: files[i][1])


def advise(
    measurements: Sequence[Measurement],
    reference: str,
    runs_everywhere: Container[str] | None = None,
) -> Advice:
    """Choose from the measurements of one target.

    A file qualifies when it loses at most `MAX_LOSS` of the float file's task metric, where
    that is a fraction, or otherwise agrees with float on all but `MAX_LOSS` of the samples.
    Of those, the fastest is advised; among equally fast ones the smallest.

    Args:
        measurements: One for each file, all on the same target.
        reference: The name of the float file among them.
        runs_everywhere: Only files of these names are advised: those that run on every
            other target too.
    """
    base = next((m for m in measurements if m.artifact == reference), None)
    remarks: dict[str, str] = {}
    fit: list[tuple[Measurement, float]] = []
    for measurement in measurements:
        loss = _loss(measurement, base)
        proven = runs_everywhere is None or measurement.artifact in runs_everywhere
        if measurement.artifact == reference:
            fit.append((measurement, 0.0))
            continue
        remarks[measurement.artifact] = "; ".join(_remarks(measurement, base, loss))
        harmless = loss is not None and loss <= MAX_LOSS
        if proven and harmless and not _is_slower(measurement):
            fit.append((measurement, loss or 0.0))
    rule = _rule(base, runs_everywhere is not None)
    if not fit:
        return Advice(
            ship=None,
            reason="no file was measured against the float one",
            remarks=remarks,
            rule=rule,
        )
    chosen, loss = fit[
        fastest_then_smallest([(_ratio(m), _value(m, "size_bytes") or 0.0) for m, _ in fit])
    ]
    return Advice(
        ship=chosen.artifact, reason=_reason(chosen, base, loss), remarks=remarks, rule=rule
    )


def _rule(base: Measurement | None, everywhere: bool) -> str:
    task = _task(base) if base is not None else None
    lost = (
        f"loses at most {MAX_LOSS:g} of float's {task}"
        if task
        else (f"agrees with float on all but {MAX_LOSS:g} of the samples")
    )
    return (
        f"the fastest file, or the smallest of those within {SAME_LATENCY:g} of its time, that "
        f"{lost}{' and runs on every runtime measured' if everywhere else ''}"
    )


def _task(measurement: Measurement) -> str | None:
    """The task metric that is a fraction, if one was measured."""
    names = (metric.name for metric in measurement.metrics)
    return next((name for name in names if name.split("@")[0] in _SHARES), None)


def _reason(chosen: Measurement, base: Measurement | None, loss: float) -> str:
    if base is None or chosen.artifact == base.artifact:
        return "no smaller or faster file stays within the loss allowed"
    size = (_value(chosen, "size_bytes") or 0.0) / (_value(base, "size_bytes") or 1.0)
    parts = [f"{size:.2f}x of float's size"]
    if chosen.metric("latency_ratio") is not None:
        parts.append(f"{_ratio(chosen):.2f}x of its latency")
    parts.append("no loss" if loss <= 0 else f"a loss of {loss:.4f}")
    return ", ".join(parts)


def _remarks(measurement: Measurement, base: Measurement | None, loss: float | None) -> list[str]:
    remarks = []
    if loss is not None and loss > MAX_LOSS:
        remarks.append(f"loses {loss:.4f}")
    if _is_slower(measurement):
        remarks.append("slower than float here")
    if base is not None and (_value(measurement, "size_bytes") or 0) >= (
        _value(base, "size_bytes") or 0
    ):
        remarks.append("no smaller than float")
    return remarks


def _loss(measurement: Measurement, base: Measurement | None) -> float | None:
    """What a file loses against float, as a fraction; None where it cannot be said."""
    if base is None:
        return None
    for metric in measurement.metrics:
        other = base.metric(metric.name)
        is_task = metric.name.split("@")[0] in _SHARES
        if is_task and other is not None:
            return (other.value - metric.value) * (1 if metric.better == "higher" else -1)
    agreement = _value(measurement, "agreement")
    return None if agreement is None else 1 - agreement


def _is_slower(measurement: Measurement) -> bool:
    ratio = measurement.metric("latency_ratio")
    return ratio is not None and speed(ratio) == "slower"


def _ratio(measurement: Measurement) -> float:
    value = _value(measurement, "latency_ratio")
    return 1.0 if value is None else value


def _value(measurement: Measurement, name: str) -> float | None:
    metric = measurement.metric(name)
    return None if metric is None else metric.value
