"""How far outputs lie from the float file's, channel by channel.

One ratio over a whole output says little of a small channel beside a large one, nor of one that
lies far from zero: scores of 0 to 1 beside boxes of 0 to 320 may have two values left at 50 dB. So
each channel of the last axis is held against what it *varies* by:

    10 * log10(sum((reference - its mean)**2) / sum((reference - candidate)**2))

Where the values of an output share a scale (decisions, pixels, sound, embeddings, states), a
channel that hardly varies is no fault of its own, and the channels count together.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from edgekit.core.output_kinds import COLUMNS, DECISIONS, OutputKind
from edgekit.core.records import TensorSpec
from edgekit.tflite import signal

MOST_CHANNELS = 64
"""Of more columns that nobody has called values, no single one is judged: they are a field."""

_FEWEST_ROWS = 4
_PART = 1 << 15
# Of float32 outputs: what varies by less of its size is rounding.
_ROUNDING = 4 * float(np.finfo(np.float32).eps)
# Decisions that all but stand still are not lost by an error that moves none of them: what they
# vary by counts as so much at least, of 1 for probabilities. Those that vary by more than the
# second are judged one by one, too.
_DECISION_SPREAD = 0.05
_LIVELY_SPREAD = 0.1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Channel:
    """One channel of an output, or several that count together.

    Attributes:
        name: `age`, `det[3]`, `det: scores`, or the label: `digit: seven`.
        kind: Of its output or columns; None where nobody knows.
        columns: Its first and, not included, last column.
        signal: What the reference varies by, squared and summed by sample, `(n,)`.
        noise: Squared errors likewise.
        count: Values of each sample.
    """

    name: str
    kind: OutputKind | None
    columns: tuple[int, int]
    signal: np.ndarray
    noise: np.ndarray
    count: int

    @property
    def sqnr_db(self) -> float:
        """What it varies by against its error, in decibels; `inf` without an error."""
        return signal.decibels(float(self.signal.sum()), float(self.noise.sum()))

    @property
    def spread(self) -> float:
        """Standard deviation of the reference, in its unit."""
        return math.sqrt(float(self.signal.sum()) / (len(self.signal) * self.count))

    @property
    def error(self) -> float:
        """Root of the mean squared error, in the output's unit."""
        return math.sqrt(float(self.noise.sum()) / (len(self.noise) * self.count))


def channels(reference: np.ndarray, candidate: np.ndarray, spec: TensorSpec) -> list[Channel]:
    """The channels of an output that matter.

    Not among them are those that the reference leaves constant; where all are constant, the
    output counts as a whole, against its size.

    Args:
        reference: The float file's outputs, `(n, ..., channels)`, finite.
        candidate: Of the same shape, real values.
        spec: Its name, kind and labels.
    """
    a, b = (
        array.reshape(len(array), -1, array.shape[-1] if array.ndim > 1 else 1)
        for array in map(_numbers, (reference, candidate))
    )
    if len(a) * a.shape[1] < _FEWEST_ROWS or _is_uncentred(spec):
        return [_whole(a, b, spec)]
    size, varied, errors = _sums(a, b)
    deviations = np.sqrt(varied.sum(axis=1) / (len(a) * a.shape[1]))
    alive = deviations > np.maximum(_ROUNDING * size, signal.ZERO)
    found = []
    for kind, start, stop in kinds(spec, a.shape[-1]):
        places = np.arange(start, stop)[alive[start:stop]]
        if not len(places):
            continue
        apart = stand_apart(kind, stop - start)
        if kind in DECISIONS:
            places = places[deviations[places] > _LIVELY_SPREAD]
        if not apart:
            found.append(_channel(spec, kind, (start, stop), varied, errors, a.shape[1]))
        if apart or (kind in DECISIONS and stop - start > 1):
            found += [
                _channel(spec, kind, (place, place + 1), varied, errors, a.shape[1])
                for place in places.tolist()
            ]
    return found or [_whole(a, b, spec)]


def _numbers(array: np.ndarray) -> np.ndarray:
    """Truth values as 0 and 1: a mask that a model hands through has no differences else."""
    return array.astype(np.float32) if array.dtype == np.bool_ else array


def _sums(a: np.ndarray, b: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The largest magnitude by channel; what `a` varies by, and errors, `(channels, n)`.

    Part by part: what stays in the processor's cache takes half of the time.
    """
    step = max(1, _PART // max(1, a[0].size))
    parts = [slice(start, start + step) for start in range(0, len(a), step)]
    rows = a.reshape(len(a), -1)
    large = np.maximum(rows.max(axis=0), -rows.min(axis=0)).reshape(a.shape[1:])
    mean = rows.sum(axis=0, dtype=np.float64).reshape(a.shape[1:]).sum(axis=0)
    mean /= len(a) * a.shape[1]
    means = np.tile(mean, a.shape[1])  # NumPy is slow where the last axis is short
    varied, errors = (np.empty((a.shape[2], len(a))) for _ in range(2))
    for part in parts:
        for other, sums in ((means, varied), (b[part].reshape(-1, means.size), errors)):
            apart = np.subtract(rows[part], other, dtype=np.float64).reshape(-1, *a.shape[1:])
            np.einsum("npc,npc->cn", apart, apart, out=sums[:, part])
    return large.max(axis=0), varied, errors


def worst(found: list[Channel]) -> Channel:
    """The one with the largest error of what it varies by."""
    return min(found, key=lambda channel: channel.sqnr_db)


def _is_uncentred(spec: TensorSpec) -> bool:
    return spec.kind == "ids" and not spec.columns


def stand_apart(kind: OutputKind | None, count: int) -> bool:
    """Whether each of so many columns of a kind has a unit of its own."""
    return kind in COLUMNS or (kind is None and count <= MOST_CHANNELS)


def kinds(spec: TensorSpec, width: int) -> Iterator[tuple[OutputKind | None, int, int]]:
    """The kinds of an output's columns: each with its first and, not included, last one."""
    if spec.columns:
        for one in spec.columns:
            yield one.kind, one.start, one.stop
    else:
        yield spec.kind, 0, width


def _channel(
    spec: TensorSpec,
    kind: OutputKind | None,
    columns: tuple[int, int],
    varied: np.ndarray,
    errors: np.ndarray,
    positions: int,
) -> Channel:
    start, stop = columns
    count = positions * (stop - start)
    power = varied[start:stop].sum(axis=0)
    if kind in DECISIONS:
        floor = _DECISION_SPREAD**2 * count
        short = floor - float(power.mean())
        power = power + max(0.0, short)
    return Channel(
        name=_name(spec, kind, columns, len(varied)),
        kind=kind,
        columns=columns,
        signal=power,
        noise=errors[start:stop].sum(axis=0),
        count=count,
    )


def _name(spec: TensorSpec, kind: OutputKind | None, columns: tuple[int, int], width: int) -> str:
    start, stop = columns
    if stop - start == width:
        return spec.name
    if stop - start > 1:
        return f"{spec.name}: {kind}"
    if len(spec.labels) == width:
        return f"{spec.name}: {spec.labels[start]}"
    return f"{spec.name}[{start}]"


def _whole(a: np.ndarray, b: np.ndarray, spec: TensorSpec) -> Channel:
    """All of an output against its size, not against what it varies by."""
    a64 = a.astype(np.float64)
    return Channel(
        name=spec.name,
        kind=spec.kind,
        columns=(0, a.shape[-1]),
        signal=np.square(a64).sum(axis=(1, 2)),
        noise=np.square(a64 - b).sum(axis=(1, 2)),
        count=a.shape[1] * a.shape[2],
    )
