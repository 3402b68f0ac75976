"""Which columns of an output a self-test judges together, and the least difference that counts.

Kernels that happen to agree here may differ elsewhere, by a unit at least:

- a step of an output that is a quantized tensor, or the dequantized values of one
- else, in a file that computes in integers, 1/256 of what the values span
- in a float file 2**-20 of the largest value

Columns with units of their own (values, boxes) are looked at one by one, so that scores of 0 to 1
beside boxes of 0 to 320 may not be off by a score. Neighbours of like units count together again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit import tflite
from edgekit.core.records import Artifact, TensorSpec
from edgekit.runtimes.base import Arrays
from edgekit.tflite import channels

_FLOAT_UNIT = 2.0**-20  # of the largest value: 8 units in its last place
_INTEGER_UNIT = 2.0**-8
# Half a unit in the last place of each of two float32 values whose difference is looked at.
_FLOAT_ROUNDING = 2.0**-23
_FEWEST_ROWS = 4  # of fewer, none shows what a column spans
_ALIKE = 2.0  # units of neighbours that count together, at most so many times apart


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnGroup:
    """Columns of the last axis, `start` to below `stop`, that are judged together.

    Attributes:
        unit: The least difference that counts, in real units.
        size: Root mean square of what they vary by, or of the values where those share a scale.
    """

    start: int
    stop: int
    unit: float
    size: float


Groups = tuple[ColumnGroup, ...]


def by_output(path: Path, artifact: Artifact, outputs: Arrays) -> dict[str, Groups]:
    """The groups of each output's columns, from the first to the last one.

    Args:
        path: The `.tflite`.
        artifact: Its manifest.
        outputs: Golden ones, `(samples, ...)`.
    """
    model = tflite.read(path)
    bound, operators = tflite.binding(model), list(tflite.operators(model))
    steps = {
        operator.outputs[0].index: float(operator.inputs[0].scale[0])
        for operator in operators
        if operator.name == "DEQUANTIZE" and operator.inputs[0].scale  # float16 has none
    }
    is_integer = any(tensor.scale for operator in operators for tensor in operator.outputs)
    found = {}
    for spec in artifact.contract.outputs:
        step = spec.scale[0] if spec.scale else steps.get(bound.outputs[spec.name])
        found[spec.name] = groups(spec, outputs[spec.name], step, is_integer=is_integer)
    return found


def groups(spec: TensorSpec, values: np.ndarray, step: float | None, *, is_integer: bool) -> Groups:
    """The groups of one output's columns.

    Whole numbers without a scale have no unit: they are met exactly, unless a trial differed.

    Args:
        spec: What it is.
        values: Golden ones, `(samples, ...)`, real.
        step: Of its quantized values; None without.
        is_integer: Whether the file computes in integers.
    """
    width = values.shape[-1] if values.ndim > 1 else 1
    rows = np.where(np.isfinite(values), values, np.nan).reshape(-1, width).astype(np.float64)
    found: list[ColumnGroup] = []
    for start, stop, apart in _ranges(spec, len(rows), width):
        part = rows[:, start:stop]
        part = part[~np.isnan(part)]
        largest = float(np.abs(part).max(initial=0.0))
        span, mean = (float(np.ptp(part)), float(part.mean())) if apart and part.size else (0.0, 0)
        if span <= _FLOAT_UNIT * largest:  # it varies by rounding, or shares a scale
            span, mean = largest, 0.0
        unit = 0.0
        if step is not None:
            unit = step + _FLOAT_ROUNDING * float(np.nanmax(np.abs(rows), initial=0.0))
        elif values.dtype.kind == "f":
            unit = _FLOAT_UNIT * largest + (_INTEGER_UNIT * span if is_integer else 0.0)
        size = float(np.sqrt(np.mean(np.square(part - mean)))) if part.size else 0.0
        found.append(ColumnGroup(start=start, stop=stop, unit=unit, size=size))
    return tuple(_merged(found))


def _ranges(spec: TensorSpec, rows: int, width: int) -> Iterator[tuple[int, int, bool]]:
    """First and last column, not included, of what is looked at, and whether it is one column."""
    for kind, start, stop in channels.kinds(spec, width):
        if rows >= _FEWEST_ROWS and channels.stand_apart(kind, stop - start):
            yield from ((column, column + 1, True) for column in range(start, stop))
        else:
            yield start, stop, False


def _merged(found: list[ColumnGroup]) -> Iterator[ColumnGroup]:
    """Neighbours of like units as one, with the larger numbers of both."""
    merged = found[0]
    least = merged.unit
    for one in found[1:]:
        low, high = min(least, one.unit), max(merged.unit, one.unit)
        if high <= _ALIKE * low:
            size = max(merged.size, one.size)
            merged = ColumnGroup(start=merged.start, stop=one.stop, unit=high, size=size)
            least = low
        else:
            yield merged
            merged, least = one, one.unit
    yield merged
