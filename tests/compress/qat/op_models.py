"""One small file for each operator that can be trained through."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from tests.quantize.tiny_models import RELU, RELU6, SAME, VALID, Network, random

SHAPE = (6, 6, 4)
INT32, BOOL = schema.TensorType.INT32, schema.TensorType.BOOL


class Ops(Network):
    """A network that takes any operator, by the name of its options and their fields."""

    def op(
        self,
        kind: str,
        inputs: list[int],
        shape: tuple[int, ...],
        options: str = "",
        dtype: int | None = None,
        **fields: Any,
    ) -> int:
        """One operator with one output."""
        made = None
        if options:
            made = getattr(schema, f"{options}OptionsT")()
            for name, value in fields.items():
                setattr(made, name, value)
        index = self._op(kind, inputs, shape, made)
        if dtype is not None:
            self._graph.tensors[index].type = dtype
        return index

    def several(
        self, kind: str, inputs: list[int], shapes: list[tuple[int, ...]], **how: Any
    ) -> list[int]:
        """One operator with several outputs."""
        first = self.op(kind, inputs, shapes[0], **how)
        others = [self._tensor(f"{kind.lower()}_more_{i}", s) for i, s in enumerate(shapes[1:])]
        self._graph.operators[-1].outputs = [first, *others]
        return [first, *others]

    def ints(self, *values: Any) -> int:
        """A constant of int32."""
        return self.constant(np.array(values, np.int32))


def _unary(kind: str, **how: Any) -> Callable[[Ops], int]:
    return lambda net: net.op(kind, [net.x], (1, *SHAPE), **how)


def _positive(kind: str) -> Callable[[Ops], int]:
    def make(net: Ops) -> int:
        above = net.op("EXP", [net.x], (1, *SHAPE))
        return net.op(kind, [above], (1, *SHAPE))

    return make


def _binary(
    kind: str, options: str = "", constant: bool = False, **fields: Any
) -> Callable[[Ops], int]:
    def make(net: Ops) -> int:
        shape = (1, 1, 1, 4) if constant else (1, *SHAPE)
        other = np.abs(random(*shape, seed=5)) + 0.5
        both = net.constant(other)
        if not constant:
            both = net.op("ADD", [net.op("ABS", [net.x], shape), both], shape, "Add")
        return net.op(kind, [net.x, both], (1, *SHAPE), options, **fields)

    return make


def _compared(kind: str) -> Callable[[Ops], int]:
    def make(net: Ops) -> int:
        shape = (1, *SHAPE)
        condition = net.op(
            kind, [net.x, net.constant(np.zeros((1, 1, 1, 4), np.float32))], shape, dtype=BOOL
        )
        other = net.op("NEG", [net.x], shape)
        return net.op("SELECT_V2", [condition, other, net.constant(random(1, 1, 1, 4))], shape)

    return make


def _logical(kind: str) -> Callable[[Ops], int]:
    def make(net: Ops) -> int:
        shape = (1, *SHAPE)
        zero = net.constant(np.zeros((1, 1, 1, 4), np.float32))
        one = net.op("GREATER", [net.x, zero], shape, dtype=BOOL)
        other = net.op(
            "LESS", [net.x, net.constant(np.ones((1, 1, 1, 4), np.float32))], shape, dtype=BOOL
        )
        given = [one] if kind == "LOGICAL_NOT" else [one, other]
        condition = net.op(kind, given, shape, dtype=BOOL)
        return net.op("SELECT", [condition, net.x, net.op("NEG", [net.x], shape)], shape, "Select")

    return make


def _conv(**how: Any) -> Callable[[Ops], int]:
    shape = (1, 3, 3, 8) if "multiplier" in how else (8, 3, 3, 4)

    def make(net: Ops) -> int:
        return net.conv(net.x, random(*shape, scale=0.3), random(8, seed=1), **how)

    return make


def _uneven(kind: str, padding: int) -> Callable[[Ops], int]:
    """A stride of 2 down and of 1 across."""

    def make(net: Ops) -> int:
        deep = kind == "DEPTHWISE_CONV_2D"
        w = net.constant(random(1, 3, 3, 4) if deep else random(5, 3, 3, 4))
        fields = {"strideH": 2, "strideW": 1, "padding": padding}
        fields |= {"dilationHFactor": 1, "dilationWFactor": 1}
        if deep:
            fields["depthMultiplier"] = 1
        shape = (1, 3, 6, 4 if deep else 5) if padding == SAME else (1, 2, 4, 4 if deep else 5)
        bias = net.constant(random(shape[-1]))
        return net.op(
            kind, [net.x, w, bias], shape, "DepthwiseConv2D" if deep else "Conv2D", **fields
        )

    return make


def _grouped(net: Ops) -> int:
    fields = {
        "strideH": 1,
        "strideW": 1,
        "padding": SAME,
        "dilationHFactor": 1,
        "dilationWFactor": 1,
    }
    w, bias = net.constant(random(6, 3, 3, 2)), net.constant(random(6))
    return net.op("CONV_2D", [net.x, w, bias], (1, 6, 6, 6), "Conv2D", **fields)


def _transposed(padding: int, bias: bool) -> Callable[[Ops], int]:
    def make(net: Ops) -> int:
        side = 12 if padding == SAME else 13
        operands = [net.ints(1, side, side, 5), net.constant(random(5, 3, 3, 4)), net.x]
        operands += [net.constant(random(5))] if bias else []
        fields = {"strideH": 2, "strideW": 2, "padding": padding}
        return net.op("TRANSPOSE_CONV", operands, (1, side, side, 5), "TransposeConv", **fields)

    return make


def _pool(kind: str, padding: int) -> Callable[[Ops], int]:
    def make(net: Ops) -> int:
        side = 3 if padding == SAME else 2
        fields = {"strideH": 2, "strideW": 2, "filterHeight": 3, "filterWidth": 3}
        return net.op(kind, [net.x], (1, side, side, 4), "Pool2D", padding=padding, **fields)

    return make


def _dense(keep: bool) -> Callable[[Ops], int]:
    def make(net: Ops) -> int:
        weights = random(5, 4) if keep else random(5, 144, scale=0.1)
        if keep:
            return net.dense(net.x, weights, random(5), keep=True, activation=RELU)
        fields = {"keepNumDims": False, "fusedActivationFunction": 0}
        given = [net.x, net.constant(weights), net.constant(random(5))]
        return net.op("FULLY_CONNECTED", given, (1, 5), "FullyConnected", **fields)

    return make


def _rows(net: Ops) -> int:
    """A dense layer over rows that the batch is folded into."""
    rows = net.op("RESHAPE", [net.x, net.ints(36, 4)], (36, 4), "Reshape", newShape=[36, 4])
    fields = {"keepNumDims": False, "fusedActivationFunction": RELU}
    given = [rows, net.constant(random(5, 4)), net.constant(random(5))]
    dense = net.op("FULLY_CONNECTED", given, (36, 5), "FullyConnected", **fields)
    return net.op("RESHAPE", [dense, net.ints(1, 180)], (1, 180), "Reshape", newShape=[1, 180])


def _product(adj: bool, constant: bool) -> Callable[[Ops], int]:
    def make(net: Ops) -> int:
        if constant:
            other, shape = net.constant(random(1, 1, 4, 5)), (1, 6, 6, 5)
        else:
            other, shape = net.op("TANH", [net.x], (1, *SHAPE)), (1, 6, 6, 6)
        return net.op("BATCH_MATMUL", [net.x, other], shape, "BatchMatMul", adjX=False, adjY=adj)

    return make


def _reduced(kind: str, keep: bool) -> Callable[[Ops], int]:
    shape = (1, 1, 6, 1) if keep else (1, 6)

    def make(net: Ops) -> int:
        return net.op(kind, [net.x, net.ints(1, -1)], shape, "Reducer", keepDims=keep)

    return make


def _split(net: Ops) -> int:
    first, second = net.several(
        "SPLIT", [net.ints(3), net.x], [(1, 6, 6, 2)] * 2, options="Split", numSplits=2
    )
    return net.op("SUB", [first, second], (1, 6, 6, 2), "Sub")


def _split_v(net: Ops) -> int:
    shapes = [(1, 6, 6, 1), (1, 6, 6, 3)]
    first, second = net.several(
        "SPLIT_V", [net.x, net.ints(1, 3), net.ints(3)], shapes, options="SplitV", numSplits=2
    )
    return net.op("MUL", [first, second], (1, 6, 6, 3), "Mul")


def _unpack(net: Ops) -> int:
    rows = net.several("UNPACK", [net.x], [(1, 6, 4)] * 6, options="Unpack", num=6, axis=1)
    return net.op("ADD", [rows[0], rows[5]], (1, 6, 4), "Add")


def _pack(net: Ops) -> int:
    given = [net.x, net.constant(random(1, *SHAPE))]
    return net.op("PACK", given, (1, 6, 2, 6, 4), "Pack", axis=2, valuesCount=2)


def _concatenated(net: Ops) -> int:
    given = [net.x, net.constant(random(1, 6, 6, 2)), net.op("TANH", [net.x], (1, *SHAPE))]
    return net.op("CONCATENATION", given, (1, 6, 6, 10), "Concatenation", axis=-1)


def _mirrored(net: Ops) -> int:
    widths = net.constant(np.array([[0, 0], [1, 2], [0, 1], [0, 0]], np.int32))
    return net.op("MIRROR_PAD", [net.x, widths], (1, 9, 7, 4), "MirrorPad", mode=0)


def _filled(net: Ops) -> int:
    widths = net.constant(np.array([[0, 0], [1, 0], [0, 2], [0, 0]], np.int32))
    return net.op("PADV2", [net.x, widths, net.constant(np.array(-1.5))], (1, 7, 8, 4), "PadV2")


def _strided(net: Ops) -> int:
    given = [net.x, net.ints(0, 1, 0, 1), net.ints(1, 6, 0, 2), net.ints(1, 2, 1, 1)]
    masks = {"beginMask": 0, "endMask": 4, "ellipsisMask": 0, "newAxisMask": 0, "shrinkAxisMask": 8}
    return net.op("STRIDED_SLICE", given, (1, 3, 6), "StridedSlice", **masks)


def _sliced(net: Ops) -> int:
    return net.op(
        "SLICE", [net.x, net.ints(0, 1, 2, 0), net.ints(1, 3, -1, 4)], (1, 3, 4, 4), "Slice"
    )


def _gathered(net: Ops) -> int:
    return net.op("GATHER", [net.x, net.ints(3, 0, 0)], (1, 6, 6, 3), "Gather", axis=3, batchDims=0)


def _ids(net: Ops) -> int:
    cut = net.op(
        "SLICE", [net.x, net.ints(0, 0, 0, 0), net.ints(1, 6, 1, 1)], (1, 6, 1, 1), "Slice"
    )
    low = net.op("LOGISTIC", [cut], (1, 6, 1, 1))
    wide = net.op("MUL", [low, net.constant(np.full((1, 1, 1, 1), 9.0))], (1, 6, 1, 1), "Mul")
    return net.op("CAST", [wide], (1, 6, 1, 1), "Cast", INT32, inDataType=0, outDataType=2)


def _table(net: Ops) -> int:
    ids = net.op("RESHAPE", [_ids(net), net.ints(1, 6)], (1, 6), "Reshape", INT32, newShape=[1, 6])
    return net.op(
        "GATHER", [net.constant(random(9, 5)), ids], (1, 6, 5), "Gather", axis=0, batchDims=0
    )


def _lookup(net: Ops) -> int:
    ids = net.op("RESHAPE", [_ids(net), net.ints(6)], (6,), "Reshape", INT32, newShape=[6])
    rows = net.op("EMBEDDING_LOOKUP", [ids, net.constant(random(9, 5))], (6, 5))
    return net.op("RESHAPE", [rows, net.ints(1, 6, 5)], (1, 6, 5), "Reshape", newShape=[1, 6, 5])


def _resized(kind: str, half: bool) -> Callable[[Ops], int]:
    def make(net: Ops) -> int:
        fields = {"alignCorners": False, "halfPixelCenters": half}
        name = {"RESIZE_BILINEAR": "ResizeBilinear"}.get(kind, "ResizeNearestNeighbor")
        return net.op(kind, [net.x, net.ints(9, 12)], (1, 9, 12, 4), name, **fields)

    return make


def _dilated_by_blocks(net: Ops) -> int:
    blocks, none = net.ints(2, 2), net.constant(np.zeros((2, 2), np.int32))
    moved = net.op("SPACE_TO_BATCH_ND", [net.x, blocks, none], (4, 3, 3, 4), "SpaceToBatchND")
    w, bias = net.constant(random(4, 3, 3, 4, scale=0.3)), net.constant(random(4))
    fields = {
        "strideH": 1,
        "strideW": 1,
        "padding": SAME,
        "dilationHFactor": 1,
        "dilationWFactor": 1,
    }
    y = net.op("CONV_2D", [moved, w, bias], (4, 3, 3, 4), "Conv2D", **fields)
    return net.op("BATCH_TO_SPACE_ND", [y, blocks, none], (1, 6, 6, 4), "BatchToSpaceND")


def _half(net: Ops) -> int:
    """A constant of half floats, as files with float16 weights have."""
    stored = net.constant(np.zeros(1, np.int32))
    values = random(1, 1, 1, 4).astype(np.float16)
    tensor = net._graph.tensors[stored]
    tensor.shape, tensor.type = [1, 1, 1, 4], schema.TensorType.FLOAT16
    net._buffers[tensor.buffer].data = values.reshape(-1).view(np.uint8)
    wide = net.op("DEQUANTIZE", [stored], (1, 1, 1, 4), "Dequantize")
    return net.op("MUL", [net.x, wide], (1, *SHAPE), "Mul")


def _reshaped(
    kind: str, shape: tuple[int, ...], options: str, **fields: Any
) -> Callable[[Ops], int]:
    def make(net: Ops) -> int:
        given = [net.x]
        given += {"RESHAPE": [net.ints(*shape)], "EXPAND_DIMS": [net.ints(1)]}.get(kind, [])
        return net.op(kind, given, shape, options, **fields)

    return make


def _squeezed(net: Ops) -> int:
    one = net.op(
        "SLICE", [net.x, net.ints(0, 0, 0, 0), net.ints(1, 1, 6, 4)], (1, 1, 6, 4), "Slice"
    )
    return net.op("SQUEEZE", [one], (1, 6, 4), "Squeeze", squeezeDims=[1])


def _blocks(kind: str, shape: tuple[int, ...]) -> Callable[[Ops], int]:
    options = {"SPACE_TO_DEPTH": "SpaceToDepth"}.get(kind, "DepthToSpace")
    return lambda net: net.op(kind, [net.x], shape, options, blockSize=2)


# By operator, with what varies behind a slash.
CASES: dict[str, Callable[[Ops], int]] = {
    "CONV_2D/same": _conv(activation=RELU),
    "CONV_2D/valid, stride 2": _conv(padding=VALID, stride=2, activation=RELU6),
    "CONV_2D/same, stride 2": _conv(stride=2),
    "CONV_2D/dilated": _conv(dilation=2),
    "CONV_2D/dilated, valid": _conv(dilation=2, padding=VALID),
    "CONV_2D/uneven": _uneven("CONV_2D", SAME),
    "CONV_2D/grouped": _grouped,
    "DEPTHWISE_CONV_2D/multiplied": _conv(multiplier=2, activation=RELU),
    "DEPTHWISE_CONV_2D/stride 2": _conv(multiplier=2, stride=2),
    "DEPTHWISE_CONV_2D/dilated": _conv(multiplier=2, dilation=2),
    "DEPTHWISE_CONV_2D/uneven": _uneven("DEPTHWISE_CONV_2D", SAME),
    "DEPTHWISE_CONV_2D/uneven, valid": _uneven("DEPTHWISE_CONV_2D", VALID),
    "TRANSPOSE_CONV/same": _transposed(SAME, bias=True),
    "TRANSPOSE_CONV/valid": _transposed(VALID, bias=False),
    "FULLY_CONNECTED/flattens": _dense(keep=False),
    "FULLY_CONNECTED/keeps": _dense(keep=True),
    "FULLY_CONNECTED/rows": _rows,
    "BATCH_MATMUL/activations": _product(adj=True, constant=False),
    "BATCH_MATMUL/constant": _product(adj=False, constant=True),
    "AVERAGE_POOL_2D/same": _pool("AVERAGE_POOL_2D", SAME),
    "AVERAGE_POOL_2D/valid": _pool("AVERAGE_POOL_2D", VALID),
    "MAX_POOL_2D/same": _pool("MAX_POOL_2D", SAME),
    **{
        f"{kind}/{'keeps' if keep else 'drops'}": _reduced(kind, keep)
        for kind in ("MEAN", "SUM", "REDUCE_MAX", "REDUCE_MIN")
        for keep in (False, True)
    },
    "ADD/constant": _binary("ADD", "Add", True, fusedActivationFunction=RELU),
    "ADD/two": _binary("ADD", "Add", fusedActivationFunction=2),
    "SUB/two": _binary("SUB", "Sub"),
    "MUL/constant": _binary("MUL", "Mul", True, fusedActivationFunction=RELU6),
    "DIV/two": _binary("DIV", "Div"),
    "MAXIMUM/constant": _binary("MAXIMUM", "MaximumMinimum", True),
    "MINIMUM/two": _binary("MINIMUM", "MaximumMinimum"),
    "SQUARED_DIFFERENCE/two": _binary("SQUARED_DIFFERENCE", "SquaredDifference"),
    "POW/constant": lambda net: net.op(
        "POW",
        [net.op("EXP", [net.x], (1, *SHAPE)), net.constant(np.full((1, 1, 1, 4), 1.7))],
        (1, *SHAPE),
        "Pow",
    ),
    **{f"{kind}/-": _compared(kind) for kind in "EQUAL NOT_EQUAL GREATER GREATER_EQUAL".split()},
    **{f"{kind}/-": _compared(kind) for kind in "LESS LESS_EQUAL".split()},
    **{f"{kind}/-": _logical(kind) for kind in "LOGICAL_AND LOGICAL_OR LOGICAL_NOT".split()},
    "SELECT/-": _logical("LOGICAL_OR"),
    "SELECT_V2/-": _compared("LESS"),
    **{
        f"{kind}/-": _unary(kind)
        for kind in "RELU RELU6 RELU_N1_TO_1 RELU_0_TO_1 ELU HARD_SWISH LOGISTIC TANH LOG_SOFTMAX "
        "SQUARE EXP SIN COS ABS NEG FLOOR".split()
    },
    **{f"{kind}/-": _positive(kind) for kind in ("SQRT", "RSQRT", "LOG")},
    "L2_NORMALIZATION/-": _unary("L2_NORMALIZATION", options="L2Norm"),
    "LEAKY_RELU/-": _unary("LEAKY_RELU", options="LeakyRelu", alpha=0.3),
    "PRELU/-": lambda net: net.op("PRELU", [net.x, net.constant(random(1, 1, 4))], (1, *SHAPE)),
    "GELU/exact": _unary("GELU", options="Gelu", approximate=False),
    "GELU/approximate": _unary("GELU", options="Gelu", approximate=True),
    "SOFTMAX/-": _unary("SOFTMAX", options="Softmax", beta=1.0),
    "SOFTMAX/beta": _unary("SOFTMAX", options="Softmax", beta=0.5),
    "CAST/-": _table,
    "DEQUANTIZE/-": _half,
    "RESHAPE/-": _reshaped("RESHAPE", (1, 36, 4), "Reshape", newShape=[1, 36, 4]),
    "EXPAND_DIMS/-": _reshaped("EXPAND_DIMS", (1, 1, 6, 6, 4), "ExpandDims"),
    "SQUEEZE/-": _squeezed,
    "TRANSPOSE/-": lambda net: net.op(
        "TRANSPOSE", [net.x, net.ints(0, 3, 1, 2)], (1, 4, 6, 6), "Transpose"
    ),
    "CONCATENATION/-": _concatenated,
    "PACK/-": _pack,
    "UNPACK/-": _unpack,
    "SPLIT/-": _split,
    "SPLIT_V/-": _split_v,
    "PAD/-": lambda net: net.pad(net.x, 2),
    "PADV2/-": _filled,
    "MIRROR_PAD/-": _mirrored,
    "SLICE/-": _sliced,
    "STRIDED_SLICE/-": _strided,
    "GATHER/activation": _gathered,
    "GATHER/table": _table,
    "EMBEDDING_LOOKUP/-": _lookup,
    "TILE/-": lambda net: net.op("TILE", [net.x, net.ints(1, 2, 1, 3)], (1, 12, 6, 12), "Tile"),
    "BROADCAST_TO/-": lambda net: net.op(
        "BROADCAST_TO", [_reduced("MEAN", True)(net), net.ints(1, 3, 6, 5)], (1, 3, 6, 5)
    ),
    "RESIZE_BILINEAR/-": _resized("RESIZE_BILINEAR", False),
    "RESIZE_BILINEAR/half": _resized("RESIZE_BILINEAR", True),
    "RESIZE_NEAREST_NEIGHBOR/half": _resized("RESIZE_NEAREST_NEIGHBOR", True),
    "SPACE_TO_DEPTH/-": _blocks("SPACE_TO_DEPTH", (1, 3, 3, 16)),
    "DEPTH_TO_SPACE/-": _blocks("DEPTH_TO_SPACE", (1, 12, 12, 1)),
    "SPACE_TO_BATCH_ND/-": _dilated_by_blocks,
    "BATCH_TO_SPACE_ND/-": _dilated_by_blocks,
}


def case(name: str) -> bytes:
    """The file of one case: input `x`, output `y`."""
    net = Ops(shape=SHAPE)
    return net.finish(y=CASES[name](net))


def refused() -> dict[str, tuple[bytes, str]]:
    """Files that cannot be trained, and what the error says."""
    unknown = Ops(shape=SHAPE)
    loop = unknown.finish(
        y=unknown.op("CUMSUM", [unknown.x, unknown.ints(1)], (1, *SHAPE), "Cumsum")
    )
    moved = Ops(shape=SHAPE)
    order = moved.finish(
        y=moved.op("TRANSPOSE", [moved.x, moved.ints(1, 0, 2, 3)], (6, 1, 6, 4), "Transpose")
    )
    summed = Ops(shape=SHAPE)
    mean = summed.finish(
        y=summed.op("MEAN", [summed.x, summed.ints(0)], SHAPE, "Reducer", keepDims=False)
    )
    return {
        "unknown": (loop, "CUMSUM of layer"),
        "transposed": (order, "puts dimension 1 first"),
        "over the batch": (mean, "works along the first dimension"),
    }


def rows_that_differ() -> bytes:
    """The batch is folded into rows, and each row gets another summand."""
    rows = Ops(shape=SHAPE)
    folded = rows.op("RESHAPE", [rows.x, rows.ints(36, 4)], (36, 4), "Reshape", newShape=[36, 4])
    shift = rows.op("ADD", [folded, rows.constant(random(36, 4))], (36, 4), "Add")
    y = rows.op("RESHAPE", [shift, rows.ints(1, 144)], (1, 144), "Reshape", newShape=[1, 144])
    return rows.finish(y=y)
