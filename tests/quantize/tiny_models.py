"""Float `.tflite` files written operator by operator: no TensorFlow, and any size that a test asks.

Weights are stored as TFLite stores them: `(out, height, width, in)` of a convolution, `(1, height,
width, channels)` of a depthwise one, `(out, in)` of a dense layer.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core.records import Recipe
from edgekit.data.samples import Samples
from edgekit.quantize.calibration.calibrate import Ranges, collect_ranges
from edgekit.quantize.rewrite import engine
from edgekit.tflite import enums as names

SAME, VALID = 0, 1
NONE, RELU, RELU6 = 0, 1, 3


class Network:
    """A model of batch 1 that grows by one operator a call; each gives its output's index."""

    def __init__(self, name: str = "x", shape: tuple[int, ...] = (6, 6, 4)) -> None:
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._buffers, self._codes = [schema.BufferT()], []
        self._inputs: dict[str, int] = {}
        self.x = self.input(name, shape)

    def input(self, name: str, shape: tuple[int, ...]) -> int:
        """Another input, float, of this shape without the batch."""
        self._inputs[name] = self._tensor(name, (1, *shape))
        return self._inputs[name]

    def constant(self, values: np.ndarray, name: str = "") -> int:
        """A weight, for operators that share it."""
        values = np.ascontiguousarray(values, np.int32 if values.dtype.kind == "i" else np.float32)
        data = schema.BufferT()
        data.data = values.reshape(-1).view(np.uint8)
        self._buffers.append(data)
        dtype = schema.TensorType.INT32 if values.dtype.kind == "i" else schema.TensorType.FLOAT32
        index = self._tensor(name or f"w{len(self._graph.tensors)}", values.shape, dtype)
        self._graph.tensors[index].buffer = len(self._buffers) - 1
        return index

    def conv(
        self,
        x: int,
        weights: np.ndarray | int,
        bias: np.ndarray | None = None,
        *,
        stride: int = 1,
        padding: int = SAME,
        dilation: int = 1,
        activation: int = NONE,
        multiplier: int | None = None,
    ) -> int:
        """CONV_2D; with a `multiplier` DEPTHWISE_CONV_2D."""
        w = weights if isinstance(weights, int) else self.constant(weights)
        _, height, width, _ = self._graph.tensors[w].shape
        options = (
            schema.Conv2DOptionsT() if multiplier is None else schema.DepthwiseConv2DOptionsT()
        )
        if multiplier is not None:
            options.depthMultiplier = multiplier
        options.padding, options.fusedActivationFunction = padding, activation
        options.strideW = options.strideH = stride
        options.dilationWFactor = options.dilationHFactor = dilation
        _, *sides, _ = self._graph.tensors[x].shape
        taken = [0, 0] if padding == SAME else [(height - 1) * dilation, (width - 1) * dilation]
        out = [-(-(side - less) // stride) for side, less in zip(sides, taken, strict=True)]
        channels = self._graph.tensors[w].shape[0 if multiplier is None else 3]
        kind = "CONV_2D" if multiplier is None else "DEPTHWISE_CONV_2D"
        if bias is None:  # LiteRT refuses a convolution without one
            bias = np.zeros(channels, np.float32)
        return self._op(kind, [x, w, *self._bias(bias)], (1, *out, channels), options)

    def dense(
        self,
        x: int,
        weights: np.ndarray | int,
        bias: np.ndarray | None = None,
        *,
        activation: int = NONE,
        keep: bool = False,
    ) -> int:
        """FULLY_CONNECTED; `keep` keeps the input's other dimensions."""
        w = weights if isinstance(weights, int) else self.constant(weights)
        options = schema.FullyConnectedOptionsT()
        options.fusedActivationFunction, options.keepNumDims = activation, keep
        units = self._graph.tensors[w].shape[0]
        shape = (*self._graph.tensors[x].shape[:-1], units) if keep else (1, units)
        return self._op("FULLY_CONNECTED", [x, w, *self._bias(bias)], shape, options)

    def add(self, a: int, b: int) -> int:
        """ADD of two activations."""
        options = schema.AddOptionsT()
        return self._op("ADD", [a, b], self._graph.tensors[a].shape, options)

    def unary(self, kind: str, x: int) -> int:
        """RELU, TANH, SOFTMAX: what has the shape of its input."""
        options = None
        if kind == "SOFTMAX":
            options = schema.SoftmaxOptionsT()
            options.beta = 1.0
        return self._op(kind, [x], self._graph.tensors[x].shape, options)

    def op(
        self,
        kind: str,
        inputs: list[int],
        shape: tuple[int, ...],
        options: Any = None,
        dtype: int = schema.TensorType.FLOAT32,
    ) -> int:
        """Any other operator, by what it reads and the shape of what it gives."""
        output = self._op(kind, inputs, shape, options)
        self._graph.tensors[output].type = dtype
        return output

    def pad(self, x: int, by: int) -> int:
        """PAD of height and width with zeros."""
        _, height, width, channels = self._graph.tensors[x].shape
        paddings = self.constant(np.array([[0, 0], [by, by], [by, by], [0, 0]], np.int32))
        shape = (1, height + 2 * by, width + 2 * by, channels)
        return self._op("PAD", [x, paddings], shape, schema.PadOptionsT())

    def mean(self, x: int) -> int:
        """MEAN over height and width."""
        axes = self.constant(np.array([1, 2], np.int32))
        shape = (1, self._graph.tensors[x].shape[-1])
        return self._op("MEAN", [x, axes], shape, schema.ReducerOptionsT())

    def rounded(self, x: int, scales: list[float], zero_point: int, *, axis: int = 0) -> int:
        """QUANTIZE to uint8 and DEQUANTIZE: as fake quantization of training is exported."""
        shape = self._graph.tensors[x].shape
        codes = self._op("QUANTIZE", [x], shape, None)
        tensor = self._graph.tensors[codes]
        tensor.type = schema.TensorType.UINT8
        tensor.quantization = schema.QuantizationParametersT(
            scale=np.array(scales, np.float32),
            zeroPoint=np.full(len(scales), zero_point, np.int64),
            quantizedDimension=axis,
        )
        return self._op("DEQUANTIZE", [codes], shape, None)

    def finish(self, **outputs: int) -> bytes:
        """The file, with a signature of these outputs."""
        self._graph.inputs = list(self._inputs.values())
        self._graph.outputs = list(outputs.values())
        model = schema.ModelT()
        model.version, model.subgraphs, model.buffers = 3, [self._graph], self._buffers
        model.operatorCodes = self._codes
        signature = schema.SignatureDefT()
        signature.signatureKey, signature.subgraphIndex = b"serving_default", 0
        signature.inputs, signature.outputs = (
            [schema.TensorMapT(name=name.encode(), tensorIndex=index) for name, index in named]
            for named in (self._inputs.items(), outputs.items())
        )
        model.signatureDefs = [signature]
        tflite.set_versions(model)
        return tflite.to_bytes(model)

    def _bias(self, values: np.ndarray | None) -> list[int]:
        return [] if values is None else [self.constant(values)]

    def _tensor(
        self, name: str, shape: tuple[int, ...], dtype: int = schema.TensorType.FLOAT32
    ) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.type = name.encode(), list(shape), dtype
        tensor.buffer = 0
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def _op(self, kind: str, inputs: list[int], shape: tuple[int, ...], options: Any) -> int:
        number = names.operator_numbers()[kind]
        known = [code.builtinCode for code in self._codes]
        if number not in known:
            code = schema.OperatorCodeT()
            code.builtinCode, code.deprecatedBuiltinCode = number, min(number, 127)
            code.version = 1
            self._codes.append(code)
            known.append(number)
        op = schema.OperatorT()
        op.opcodeIndex = known.index(number)
        count = sum(o.opcodeIndex == op.opcodeIndex for o in self._graph.operators)
        output = self._tensor(f"{kind.lower()}_{count}", shape)
        op.inputs, op.outputs = inputs, [output]
        if options is not None:
            op.builtinOptions = options
            op.builtinOptionsType = getattr(
                schema.BuiltinOptions, type(options).__name__.removesuffix("T")
            )
        self._graph.operators.append(op)
        return output


def random(*shape: int, seed: int = 0, scale: float = 1.0) -> np.ndarray:
    """Standard normal numbers times `scale`, float32."""
    values = np.random.default_rng((seed, *shape)).normal(size=shape) * scale
    return values.astype(np.float32)


def correlated(count: int, *shape: int, seed: int = 0) -> np.ndarray:
    """Samples whose neighbours go together, as those of pictures do, float32."""
    values = random(count, *shape, seed=seed)
    for axis in range(1, values.ndim):
        values = values + 0.9 * np.roll(values, 1, axis) + 0.6 * np.roll(values, 2, axis)
    return np.asarray(values, np.float32)


def picture_net(*, channels: int = 8, seed: int = 0, final: int = NONE) -> bytes:
    """A small network of all three kinds: convolution, depthwise, pointwise, dense; 7x7x3 in."""

    def he(*shape: int) -> np.ndarray:
        fan = int(np.prod(shape[1:])) if shape[0] != 1 else int(np.prod(shape[1:3]))
        return random(*shape, seed=seed, scale=float(np.sqrt(2 / fan)))

    net = Network(shape=(7, 7, 3))
    y = net.conv(net.x, he(channels, 3, 3, 3), random(channels, seed=1, scale=0.1), activation=RELU)
    y = net.conv(
        y, he(1, 3, 3, channels), random(channels, seed=2, scale=0.1), activation=RELU, multiplier=1
    )
    y = net.conv(y, he(16, 1, 1, channels), random(16, seed=3, scale=0.1), activation=RELU)
    y = net.dense(net.mean(y), he(5, 16), random(5, seed=4, scale=0.1))
    return net.finish(y=net.unary("SOFTMAX", y) if final else y)


def trained_net(*, behind: bool = True) -> bytes:
    """A convolution with a scale for each channel and a dense layer with one, as tfmot trains.

    `behind` rounds what the dense layer gives as well.
    """
    net = Network()
    kernel = random(5, 3, 3, 4, scale=0.3)
    scales = np.abs(kernel).max((1, 2, 3)) / 127
    x = net.rounded(net.x, [0.02], 3)
    weights = net.rounded(net.constant(kernel), list(scales), 128)
    y = net.conv(x, weights, random(5, scale=0.1), activation=RELU)
    y = net.mean(net.rounded(y, [0.017], 0))
    y = net.rounded(y, [0.009], 0)
    matrix = net.rounded(net.constant(random(3, 5, scale=0.4)), [0.011], 128)
    y = net.dense(y, matrix, random(3, scale=0.1))
    return net.finish(y=net.rounded(y, [0.013], 120) if behind else y)


def branching_net() -> bytes:
    """Two inputs, two outputs, a value with three readers, a shortcut and a PAD; 6x6x4 and 6 in."""
    net = Network(shape=(6, 6, 4))
    side = net.dense(net.input("side", (6,)), random(8, 6, scale=0.4), random(8, scale=0.1))
    first = net.conv(net.x, random(8, 3, 3, 4, scale=0.2), random(8, seed=1), activation=RELU)
    left = net.conv(first, random(1, 3, 3, 8, scale=0.3), random(8, seed=2), multiplier=1)
    right = net.conv(net.pad(first, 1), random(8, 3, 3, 8, scale=0.1), None, padding=VALID)
    both = net.add(net.add(left, right), first)
    y = net.add(net.mean(both), net.unary("TANH", side))
    return net.finish(y=net.dense(y, random(4, 8, scale=0.4), random(4)), map=both)


def plain(content: bytes, recipe: Recipe, inputs: dict[str, np.ndarray]) -> bytes:
    """What the quantizer makes by itself with the extremes of these samples."""
    if recipe.quantize is None or not recipe.quantize.needs_ranges:
        return engine.quantize(content, recipe, None)
    return engine.quantize(content, recipe, extremes(content, inputs))


def extremes(content: bytes, inputs: dict[str, np.ndarray]) -> Ranges:
    """The smallest and largest values of all activations."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "net.tflite")
        path.write_bytes(content)
        return collect_ranges(path, Samples(inputs=inputs), tflite.contract(content))
