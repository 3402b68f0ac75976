"""Where the values of a float file lie when it is quantized: what training has to imitate.

A record between two processes: `quantize.trained.grid` makes it of a float file and its quantized
copy, `compress.qat` trains with it and writes a trained one, `quantize.trained` applies that.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from edgekit.core import npz_record
from edgekit.core.errors import QuantizeError, reading

SMALLEST = 1e-9
"""The narrowest range that the quantizer takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Activations on one grid: `real = scale * (code - zero_point)`.

    Attributes:
        scale: The step, a float32.
        zero_point: The code of zero, for signed codes.
        bits: Of a code; 16 bits are symmetric, their zero point is 0.
        low: The range that the scale comes from, `low <= 0 <= high`.
        high: Its other end.
        fixed: Whether the scale does not come from a range, as that of a SOFTMAX.
        names: Tensors of the float file whose ranges decide; none of a fixed group.
    """

    scale: float
    zero_point: int
    bits: int
    low: float
    high: float
    fixed: bool = False
    names: tuple[str, ...] = ()

    @property
    def limits(self) -> tuple[int, int]:
        """The smallest and the largest code."""
        half = 1 << (self.bits - 1)
        return (-half + 1 if self.bits > 8 else -half), half - 1


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class QuantizedWeights:
    """The quantized weights of one operator.

    Attributes:
        integers: int8 in the shape of the float tensor, also those of 4 bits.
        scales: float32, one for each index of `axis`, or one for all.
        bias: In real units, float32 `(channels,)`; None where the operator has none.
        bits: Of an integer.
        axis: Of the channels in `integers`.
    """

    integers: np.ndarray
    scales: np.ndarray
    bias: np.ndarray | None
    bits: int
    axis: int = 0

    @property
    def largest(self) -> int:
        """The integers run from minus this to this."""
        return (1 << (self.bits - 1)) - 1

    @property
    def spread(self) -> np.ndarray:
        """The scales in a shape that multiplies the integers."""
        shape = [1] * self.integers.ndim
        shape[self.axis] = len(self.scales)
        return self.scales.reshape(shape)

    @property
    def real(self) -> np.ndarray:
        """The weights in real units, float32."""
        return np.asarray(self.integers.astype(np.float32) * self.spread, np.float32)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Grid:
    """Where a quantized file rounds, in the indices of the float file's main graph.

    Attributes:
        groups: The grids of activations.
        outputs: By tensor index, the group on which an operator gives it.
        operands: By operator index and place, the group to which it rounds what it reads,
            where that is another one than it was given on: at the inputs of the model, behind
            what stays float, and where an operator demands the grid of its output.
        weights: By operator index.
        constants: By operator index and place, what another constant becomes, in real units:
            the summand of an ADD, or weights that are not trained.
    """

    groups: tuple[Group, ...] = ()
    outputs: Mapping[int, int] = field(default_factory=dict)
    operands: Mapping[tuple[int, int], int] = field(default_factory=dict)
    weights: Mapping[int, QuantizedWeights] = field(default_factory=dict)
    constants: Mapping[tuple[int, int], np.ndarray] = field(default_factory=dict)

    def save(self, path: Path) -> None:
        """Write it to an `.npz`, for another process: whole or not at all."""
        arrays: dict[str, np.ndarray] = {}
        for index, held in self.weights.items():
            arrays[f"codes/{index}"], arrays[f"scales/{index}"] = held.integers, held.scales
            if held.bias is not None:
                arrays[f"bias/{index}"] = held.bias
        for (index, place), values in self.constants.items():
            arrays[f"constant/{index}/{place}"] = values
        record = _GridRecord(
            groups=self.groups,
            outputs=tuple(self.outputs.items()),
            operands=tuple((*key, group) for key, group in self.operands.items()),
            weights=tuple((index, held.bits, held.axis) for index, held in self.weights.items()),
        )
        npz_record.write_record(path, record, arrays)

    @classmethod
    def load(cls, path: Path) -> Grid:
        """Read what `save` wrote.

        Raises:
            QuantizeError: The file is not one that `save` wrote.
        """
        with reading(path, "The quantization of a file could not be read.", kind=QuantizeError):
            record, arrays = npz_record.read_record(_GridRecord, path)
            constants = [key.split("/") for key in arrays if key.startswith("constant/")]
            return cls(
                groups=record.groups,
                outputs=dict(record.outputs),
                operands={(index, place): group for index, place, group in record.operands},
                weights={
                    index: QuantizedWeights(
                        integers=arrays[f"codes/{index}"],
                        scales=arrays[f"scales/{index}"],
                        bias=arrays.get(f"bias/{index}"),
                        bits=bits,
                        axis=axis,
                    )
                    for index, bits, axis in record.weights
                },
                constants={(int(i), int(j)): arrays[f"constant/{i}/{j}"] for _, i, j in constants},
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class _GridRecord:
    """What of a `Grid` is no array.

    Attributes:
        groups: As in the grid.
        outputs: Tensor index and group.
        operands: Operator index, place and group.
        weights: Operator index, bits and axis.
    """

    groups: tuple[Group, ...]
    outputs: tuple[tuple[int, int], ...]
    operands: tuple[tuple[int, int, int], ...]
    weights: tuple[tuple[int, int, int], ...]


def from_range(low: float, high: float, bits: int) -> tuple[float, int]:
    """Scale and zero point of a range, as the LiteRT quantizer computes them.

    In float64, the scale rounded to float32 in the end. 8 bits:
    `scale = (high - low) / 255`, `zero_point = rint(-128 - low / scale)`, with zero in the range.
    16 bits: `scale = max(-low, high) / 32767`, zero point 0.

    Args:
        low: The smallest value.
        high: The largest value.
        bits: 8 or 16.
    """
    low, high = min(low, 0.0), max(high, 0.0)
    if bits > 8:
        return float(np.float32(max(-low, high, SMALLEST) / ((1 << (bits - 1)) - 1))), 0
    scale = max(high - low, SMALLEST) / ((1 << bits) - 1)
    zero = np.rint(-(1 << (bits - 1)) - low / scale)
    return float(np.float32(scale)), int(zero)
