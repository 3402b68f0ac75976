"""Metrics as records: the value, its interval, and what each sample adds."""

from __future__ import annotations

import math

import numpy as np

from edgekit.core.records import Better, Metric, Statistic
from edgekit.measure import intervals
from edgekit.verdicts.influence import influence

_MOST_PARTS = 4_000_000
"""Numbers by sample that are kept. Beyond, outputs themselves are drawn anew."""


def of_means(raw: np.ndarray, better: Better, unit: str = "", note: str = "") -> Metric:
    """A metric that is the mean of its values by sample `(n,)`, with the bootstrap's interval."""
    interval = intervals.mean_interval(raw)
    low, high = interval if interval else (None, None)
    notes = [text for text in (note, "" if interval else "one sample: no interval") if text]
    return Metric(
        name="",
        value=float(raw.mean()),
        unit=unit,
        better=better,
        low=low,
        high=high,
        raw=tuple(raw.tolist()),
        note="; ".join(notes),
    )


def of_parts(
    statistic: Statistic,
    parts: np.ndarray,
    value: float,
    *,
    better: Better = "higher",
    most: float = 1.0,
    note: str = "",
) -> Metric:
    """A metric that is no mean of samples, with what it is computed again from.

    Its values by sample are those of its influence, so that the values of two files can be
    compared in pairs; the interval is that of their mean.

    Args:
        statistic: Of `verdicts.recompute`.
        parts: Its rows `(columns, n)`.
        value: On all samples.
        better: Which direction is.
        most: The largest value there can be: no interval goes beyond.
        note: What must be said beside the value.
    """
    added = influence(statistic, parts)
    raw = np.array([]) if added is None else value + added
    low, high = _interval(statistic, parts, raw, value)
    least = -math.inf if statistic == "r2" else 0.0
    return Metric(
        name="",
        value=value,
        better=better,
        low=None if low is None else min(most, max(least, low)),
        high=None if high is None else min(most, max(least, high)),
        raw=tuple(raw.tolist()),
        note=note,
        statistic=statistic if parts.size <= _MOST_PARTS else "whole",
        parts=tuple(map(tuple, parts.tolist())) if parts.size <= _MOST_PARTS else (),
    )


def _interval(
    statistic: Statistic, parts: np.ndarray, raw: np.ndarray, value: float
) -> tuple[float | None, float | None]:
    n = parts.shape[1]
    if not len(raw):
        found = intervals.statistic_interval(statistic, parts)
    elif float(np.ptp(raw)) == 0.0 and value == 1.0 and n > 1:
        found = 0.025 ** (1 / n), 1.0  # no sample has an error: Clopper and Pearson's bound
    else:
        found = intervals.mean_interval(raw)
    return found or (None, None)
