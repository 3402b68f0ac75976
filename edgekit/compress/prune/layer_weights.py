"""Keras' dense and convolution layers as one thing: groups of matrices.

Each of them multiplies rows of inputs by a matrix: a convolution the patch under its kernel, a
depthwise one channel by channel, a dense layer the whole input. With `(groups, inputs, outputs)`
for the weights and `(groups, rows, inputs)` for what they are multiplied by, every method for
weights is written once. Within a patch the order is that of the kernel: taps, then channels.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

_CONVOLUTIONS = ("Conv1D", "Conv2D", "Conv3D")
_DEPTHWISE = ("DepthwiseConv1D", "DepthwiseConv2D")
_TRANSPOSED = ("Conv1DTranspose", "Conv2DTranspose", "Conv3DTranspose")
# Bytes of rows at once, float32.
_CHUNK = 48 << 20


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Linear:
    """A view of one layer's weights as matrices; `store` writes through it.

    Attributes:
        layer: The Keras layer.
        kind: `dense`, `convolution`, `depthwise` or `transposed`.
        weights: `(groups, inputs, outputs)`, float32, a copy as of when the view was made.
        bias: `(groups, outputs)`, or None where the layer has none.
        taps: Positions under the kernel; 1 for a dense layer.
    """

    layer: Any
    kind: str
    weights: np.ndarray
    bias: np.ndarray | None
    taps: int

    @property
    def channels(self) -> int:
        """Input channels of one group: its inputs are `taps` times these, taps first."""
        return int(self.weights.shape[1]) // self.taps

    def store(self, weights: np.ndarray, bias: np.ndarray | None = None) -> None:
        """Give the layer other weights, `(groups, inputs, outputs)`, and perhaps a bias."""
        self.layer.kernel.assign(self.as_kernel(weights).astype(np.float32))
        if bias is not None:
            self.layer.bias.assign(np.asarray(bias, dtype=np.float32).reshape(-1))

    def as_kernel(self, weights: np.ndarray) -> np.ndarray:
        """`(groups, inputs, outputs)` in the order and shape of the layer's kernel."""
        shape = tuple(self.layer.kernel.shape)
        if self.kind == "dense":
            stored = weights[0]
        elif self.kind == "transposed":
            swapped = (*shape[:-2], shape[-1], shape[-2])
            stored = np.swapaxes(weights[0].reshape(swapped), -1, -2)
        else:
            stored = weights.transpose(1, 0, 2).reshape(shape)
        return np.ascontiguousarray(stored)

    def num_places(self, x: np.ndarray) -> int:
        """How many rows an input gives: samples times positions of the output."""
        return len(x) * math.prod(self._positions(x.shape))

    def rows(self, x: np.ndarray, places: np.ndarray) -> np.ndarray:
        """What the matrices are multiplied by, at some places of the output.

        Args:
            x: The layer's input, `(samples, ..., channels)`.
            places: Indices below `num_places(x)`.

        Returns:
            `(groups, rows, inputs)`, float32.
        """
        if self.kind == "dense":
            return np.asarray(x.reshape(-1, x.shape[-1])[places], dtype=np.float32)[None]
        positions = self._positions(x.shape)
        sample, *at = np.unravel_index(places, (len(x), *positions))
        reads = [self._reads(axis, x.shape[1 + axis]) for axis in range(len(positions))]
        kernel = self._kernel_size()
        patches = np.empty((len(places), self.taps, x.shape[-1]), np.float32)
        for tap, taps in enumerate(product(*map(range, kernel))):
            where = [read[position, i] for read, position, i in zip(reads, at, taps, strict=True)]
            inside = np.logical_and.reduce([index >= 0 for index in where])
            patches[:, tap] = x[(sample, *where)]
            patches[~inside, tap] = 0
        groups = len(self.weights)
        if self.kind == "depthwise":
            return np.ascontiguousarray(patches.transpose(2, 0, 1))
        parts = patches.reshape(len(places), self.taps, groups, -1).transpose(2, 0, 1, 3)
        return np.ascontiguousarray(parts.reshape(groups, len(places), -1))

    def chunks(self, places: np.ndarray) -> Iterator[np.ndarray]:
        """The places in parts whose rows take a bounded amount of memory."""
        groups, inputs, _ = self.weights.shape
        size = max(64, _CHUNK // (4 * groups * inputs))
        for start in range(0, len(places), size):
            yield places[start : start + size]

    def _kernel_size(self) -> tuple[int, ...]:
        return tuple(int(size) for size in self.layer.kernel.shape[:-2])

    def _positions(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if self.kind == "dense":
            return tuple(shape[1:-1])
        return tuple(len(self._reads(axis, shape[1 + axis])) for axis in range(len(shape) - 2))

    def _reads(self, axis: int, size: int) -> np.ndarray:
        """Which input position each (output position, tap) reads; -1 for none."""
        taps = self._kernel_size()[axis]
        stride = _each(self.layer.strides, axis)
        dilation = _each(self.layer.dilation_rate, axis)
        reach = (taps - 1) * dilation + 1
        padding = self.layer.padding
        if self.kind == "transposed":
            # The adjoint of a convolution that reads the output at `o * stride + tap - before`.
            same = padding == "same"
            outputs = size * stride if same else size * stride + max(reach - stride, 0)
            before = max(0, (size - 1) * stride + reach - outputs) // 2 if same else 0
            from_ = np.arange(outputs)[:, None] + before - np.arange(taps) * dilation
            reads, rest = np.divmod(from_, stride)
            return np.where((rest == 0) & (reads >= 0) & (reads < size), reads, -1)
        if padding == "valid":
            outputs, before = (size - reach) // stride + 1, 0
        else:
            outputs = -(-size // stride)
            needed = max(0, (outputs - 1) * stride + reach - size)
            before = reach - 1 if padding == "causal" else needed // 2
        reads = np.arange(outputs)[:, None] * stride + np.arange(taps) * dilation - before
        return np.where((reads >= 0) & (reads < size), reads, -1)


def view(layer: Any) -> Linear | None:
    """The layer as matrices; None where it is not of this kind.

    That is: another layer (subclasses included: they may compute anything), channels first,
    LoRA or quantized weights, or a transposed convolution with dilation or an output padding.
    """
    name = type(layer).__name__
    if not str(type(layer).__module__).startswith("keras."):
        return None
    if getattr(layer, "lora_enabled", False) or getattr(layer, "quantization_mode", None):
        return None
    if getattr(layer, "data_format", "channels_last") != "channels_last":
        return None
    if name == "Dense":
        kernel = _array(layer.kernel)
        matrices, kind, taps = kernel[None], "dense", 1
    elif name in _CONVOLUTIONS:
        kernel = _array(layer.kernel)
        *size, inputs, outputs = kernel.shape
        groups, taps = int(layer.groups), math.prod(size)
        flat = kernel.reshape(taps * inputs, groups, outputs // groups)
        matrices, kind = flat.transpose(1, 0, 2), "convolution"
    elif name in _DEPTHWISE:
        kernel = _array(layer.kernel)
        *size, inputs, multiplier = kernel.shape
        taps = math.prod(size)
        matrices = kernel.reshape(taps, inputs, multiplier).transpose(1, 0, 2)
        kind = "depthwise"
    elif name in _TRANSPOSED and _plain(layer):
        kernel = _array(layer.kernel)
        *size, outputs, inputs = kernel.shape
        taps = math.prod(size)
        matrices = np.swapaxes(kernel, -1, -2).reshape(1, taps * inputs, outputs)
        kind = "transposed"
    else:
        return None
    bias = _array(layer.bias).reshape(len(matrices), -1) if layer.use_bias else None
    weights = np.ascontiguousarray(matrices)
    return Linear(layer=layer, kind=kind, weights=weights, bias=bias, taps=taps)


def _plain(layer: Any) -> bool:
    dilation = all(int(size) == 1 for size in np.atleast_1d(layer.dilation_rate))
    return dilation and getattr(layer, "output_padding", None) in (None, (None, None), (0, 0))


def _each(value: Any, axis: int) -> int:
    values = np.atleast_1d(value)
    return int(values[axis] if len(values) > 1 else values[0])


def _array(variable: Any) -> np.ndarray:
    import keras

    return np.array(keras.ops.convert_to_numpy(variable), dtype=np.float32)
