"""Convolutions, depthwise convolutions and dense layers as one thing: groups of matrices.

Each of them multiplies rows of inputs by a matrix: a convolution the patch under its kernel, a
depthwise one channel by channel, a dense layer the whole input. With `(groups, outputs,
inputs)` for the weights and `(groups, rows, inputs)` for what they are multiplied by, every
method for weights is written once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from edgekit import tflite
from edgekit.tflite import Model, Operator, Tensor
from edgekit.tflite.dequantize import dequantize
from edgekit.tflite.schema_objects import Options

_BLOCK_ROWS = 256
_SAME = 0  # schema: Padding.SAME
# schema: ActivationFunctionType.RELU, RELU_N1_TO_1, RELU6
_RANGES: dict[int, tuple[float, float | None]] = {1: (0, None), 2: (-1, 1), 3: (0, 6)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """A view of one operator's weights as matrices.

    Attributes:
        op: The operator, in the float file.
        weights: `(groups, outputs, inputs)`, float32.
        bias: `(groups, outputs)`, or None where the operator has none.
    """

    op: Operator
    weights: np.ndarray
    bias: np.ndarray | None

    @property
    def tensor(self) -> Tensor:
        """The weights in the file."""
        assert self.op.weight is not None  # `view` has looked
        return self.op.weight

    @property
    def is_depthwise(self) -> bool:
        """Whether each channel is a group of its own."""
        return self.op.facts.channel_axis == -1

    def as_stored(self, matrices: np.ndarray) -> np.ndarray:
        """`(groups, outputs, inputs)` in the shape and order that the file stores."""
        if not self.is_depthwise:
            return np.asarray(matrices.reshape(self.tensor.shape))
        _, height, width, channels = self.tensor.shape
        stored = np.moveaxis(matrices.reshape(channels, height, width), 0, -1)
        return np.ascontiguousarray(stored)[None]

    def rows(self, x: np.ndarray, tensor: Tensor, places: np.ndarray) -> np.ndarray:
        """What the matrices are multiplied by, at some places of the output.

        Args:
            x: The operator's input as it is stored, `(n, 1, height, width, channels)` or
                `(n, ..., inputs)`.
            tensor: The activation that it is, float or quantized.
            places: Indices into the output's positions, of all samples: below
                `num_places(n)`.

        Returns:
            `(groups, rows, inputs)`, float32.
        """
        if self.op.name == "FULLY_CONNECTED":
            return dequantize(x.reshape(-1, self.weights.shape[-1])[places], tensor)[None]
        options, (_, out_height, out_width, _) = self.op.options, self.op.outputs[0].shape
        height, width = (self.tensor.shape[1], self.tensor.shape[2])
        x = x.reshape(-1, *x.shape[-3:])
        n, y, z = np.unravel_index(places, (len(x), out_height, out_width))
        taps = []
        vertical = _reads(options, "H", out_height, height, x.shape[1])
        horizontal = _reads(options, "W", out_width, width, x.shape[2])
        for i in range(height):
            for j in range(width):
                rows, columns = vertical[y, i], horizontal[z, j]
                inside = (rows >= 0) & (columns >= 0)
                # Made real after they are picked: there are many times more of them.
                taps.append(dequantize(x[n, rows, columns], tensor) * inside[:, None])
        patches = np.stack(taps, axis=1)  # (rows, taps, channels)
        groups, _, inputs = self.weights.shape
        if self.is_depthwise:
            by_channel = _channels_first(patches)
            multiplier = groups // x.shape[-1]
            return by_channel if multiplier == 1 else np.repeat(by_channel, multiplier, axis=0)
        parts = patches.reshape(len(places), height * width, groups, -1)
        return parts.transpose(2, 0, 1, 3).reshape(groups, len(places), inputs)

    def activated(self, outputs: np.ndarray) -> np.ndarray:
        """Outputs after the activation that the operator includes, as ReLU6."""
        low, high = _RANGES.get(self.op.options.fusedActivationFunction, (None, None))
        return outputs if low is None and high is None else np.clip(outputs, low, high)

    def num_places(self, num_samples: int) -> int:
        """How many rows `num_samples` samples give."""
        return num_samples * int(np.prod(self.op.outputs[0].shape[:-1]))


def is_matrices(op: Operator) -> bool:
    """Whether an operator is of this kind: a transposed convolution adds up what it multiplies."""
    return bool(op.facts.linear_places) and op.facts.is_integer_product and op.facts.activation == 0


def view(model: Model, op: Operator) -> Linear | None:
    """The operator as matrices; None where it is not of this kind.

    That is: another operator, weights that are not float constants, or sizes that are unknown.
    """
    weight = op.weight
    if not is_matrices(op) or weight is None:
        return None
    if not weight.is_constant or weight.dtype != "float32" or weight.is_sparse:
        return None
    if any(-1 in tensor.shape for tensor in (*op.inputs, *op.outputs)):
        return None
    stored = tflite.constant(model, weight)
    groups = 1
    if op.facts.channel_axis == -1:
        matrices = np.moveaxis(stored[0], -1, 0).reshape(stored.shape[-1], 1, -1)
        groups = len(matrices)
    else:
        if op.name == "CONV_2D":
            groups = max(1, op.inputs[0].shape[-1] // stored.shape[-1])
        matrices = stored.reshape(groups, len(stored) // groups, -1)
    bias = None if op.bias is None else tflite.values(model, op.bias)
    return Linear(
        op=op,
        weights=np.array(matrices, dtype=np.float32),
        bias=None if bias is None else np.array(bias, dtype=np.float32).reshape(groups, -1),
    )


def _channels_first(patches: np.ndarray) -> np.ndarray:
    """`(rows, taps, channels)` as `(channels, rows, taps)`, by parts that fit the cache.

    NumPy's copy of all at once takes two to four times as long.
    """
    rows, taps, channels = patches.shape
    flat = patches.reshape(rows * taps, channels)
    result = np.empty((channels, rows * taps), patches.dtype)
    for start in range(0, rows * taps, _BLOCK_ROWS):
        part = slice(start, start + _BLOCK_ROWS)
        result[:, part] = flat[part].T
    return result.reshape(channels, rows, taps)


def _reads(options: Options, side: str, outputs: int, taps: int, inputs: int) -> np.ndarray:
    """Which input position each (output position, tap) reads; -1 in the padding."""
    stride = getattr(options, f"stride{side}")
    dilation = getattr(options, f"dilation{side}Factor")
    before = 0
    if options.padding == _SAME:
        before = max(0, (outputs - 1) * stride + (taps - 1) * dilation + 1 - inputs) // 2
    reads = np.arange(outputs)[:, None] * stride + np.arange(taps) * dilation - before
    return np.where((reads >= 0) & (reads < inputs), reads, -1)
