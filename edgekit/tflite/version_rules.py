"""Which version of an operator its types, options and quantization ask for.

A runtime refuses a version it does not know; that is all that keeps an old one from
computing garbage with a file it half understands. The quantizer leaves every version as
it was in float, so these rules say what the finished file needs.

The source is TensorFlow Lite's `tools/versioning/op_version.cc`. Each rule is
`(version, condition)`, and an operator needs the highest version whose condition holds.
The rules differ from that source where it is mistaken: int16 activations with int8
weights count as int16 (there, only int16 weights do, by a slip of an index); a fully
connected operator without bias is not excused from what its types need; and whether
int16 sums have scales that are powers of two is read from the scales, since the option
that should tell (`pot_scale_int16`) is left true by the quantizer. TensorFlow's own
converter follows the source and writes int8's versions for int16 files.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from edgekit.tflite.graph import Operator

Condition = Callable[[Operator], bool]
Rule = tuple[int, Condition]

_INT32 = 2  # TensorType.INT32 in the schema


def needed_version(operator: Operator) -> int:
    """The lowest version that says all this operator does; 1 where no rule applies."""
    rules = RULES.get(operator.name, ())
    return max([version for version, condition in rules if condition(operator)], default=1)


def _type(op: Operator, index: int) -> str:
    tensor = op.operand(index)
    return tensor.dtype if tensor is not None else ""


def _output_type(op: Operator, index: int = 0) -> str:
    return op.outputs[index].dtype if index < len(op.outputs) else ""


def _option(name: str) -> Condition:
    return lambda op: bool(getattr(op.options, name, 0))


def _takes(*dtypes: str, at: int = 0) -> Condition:
    return lambda op: _type(op, at) in dtypes


def _gives(*dtypes: str, at: int = 0) -> Condition:
    return lambda op: _output_type(op, at) in dtypes


def _touches(*dtypes: str) -> Condition:
    return lambda op: _type(op, 0) in dtypes or _output_type(op) in dtypes


def _rank_over(limit: int) -> Condition:
    return lambda op: len(op.inputs[0].shape) > limit if op.inputs else False


def _broadcasts_over_rank_4(op: Operator) -> bool:
    shapes = [tensor.shape for tensor in op.inputs[:2]]
    return len(set(shapes)) > 1 and max(map(len, shapes)) > 4


def _is_quantized(op: Operator) -> bool:
    return bool(op.inputs and op.inputs[0].scale)


def _scales_are_powers_of_two(op: Operator) -> bool:
    scales = [scale for tensor in (*op.inputs, *op.outputs) for scale in tensor.scale]
    return all(math.frexp(scale)[0] == 0.5 for scale in scales)


def _blockwise(at: int) -> Condition:
    """A scale for each block of values."""

    def condition(op: Operator) -> bool:
        tensor = op.operand(at)
        how = None if tensor is None else tensor.quantization
        return how is not None and how.granularity.startswith("blockwise")

    return condition


def _per_channel(at: int, axis: int = 0) -> Condition:
    """More than one scale, one for each index of `axis`."""

    def condition(op: Operator) -> bool:
        tensor = op.operand(at)
        if tensor is None or len(tensor.scale) < 2:
            return False
        return len(tensor.scale) == tensor.shape[axis]

    return condition


def _any_per_channel(op: Operator) -> bool:
    return any(len(tensor.scale) > 1 for tensor in (*op.inputs[:1], *op.outputs[:1]))


def _computes(activation: str, weight: str, at: int = 1) -> Condition:
    """Activations of one type with weights of another, giving that activation's type."""
    return lambda op: (
        _type(op, 0) == activation and _type(op, at) == weight and _output_type(op) == activation
    )


def _all(*conditions: Condition) -> Condition:
    return lambda op: all(condition(op) for condition in conditions)


def _not(condition: Condition) -> Condition:
    return lambda op: not condition(op)


def _always(_: Operator) -> bool:
    return True


def _narrow_bias(at: int) -> Condition:
    """An int32 bias beside int16 activations, where older kernels know int64 alone.

    The option that states the bias type does not decide: TensorFlow sets it to int64 as
    well, which every runtime with int16 kernels computes.
    """
    return lambda op: (
        _type(op, at) == "int32" or getattr(op.options, "quantizedBiasType", 0) == _INT32
    )


def _is_grouped(op: Operator) -> bool:
    data, weight = op.operand(0), op.operand(1)
    if data is None or weight is None or len(data.shape) != 4 or len(weight.shape) != 4:
        return False
    return -1 not in (data.shape[3], weight.shape[3]) and data.shape[3] != weight.shape[3]


def _is_dilated(op: Operator) -> bool:
    factors = (getattr(op.options, name, 1) for name in ("dilationWFactor", "dilationHFactor"))
    return any(factor != 1 for factor in factors)


def _rescales_up(op: Operator) -> bool:
    tensors = [*op.inputs[:2], *op.outputs[:1]]
    if len(tensors) < 3 or not all(tensor.scale for tensor in tensors):
        return False
    left, right, out = (tensor.scale[0] for tensor in tensors)
    return bool(out) and left * right / out >= 1.0


_INT16 = _all(_takes("int16"), _gives("int16"))
_HYBRID = _computes("float32", "int8")
_HYBRID4 = _computes("float32", "int4")
_ASYMMETRIC = _option("asymmetricQuantizeInputs")
_WEIGHTS_16X8 = _computes("int16", "int8")


def _by_type(**versions: int) -> tuple[Rule, ...]:
    """Rules by the first input's type alone."""
    return tuple((version, _takes(dtype)) for dtype, version in versions.items())


_INT8_2 = _by_type(int8=2)
_INT8_2_INT16_3 = _by_type(int8=2, int16=3)
_RNN: tuple[Rule, ...] = (
    (2, _all(_takes("int8", at=1), _gives("float32"))),
    (3, _all(_takes("int8", at=1), _gives("float32"), _ASYMMETRIC)),
)

_MINIMUM: tuple[Rule, ...] = (
    (2, _takes("int8")),
    (3, _broadcasts_over_rank_4),
    (4, _INT16),
)
_POOL: tuple[Rule, ...] = ((2, _takes("int8")), (3, _INT16))
_PAD: tuple[Rule, ...] = (*_by_type(int8=2, int16=3, bool=5), (4, _rank_over(4)))
_BATCH: tuple[Rule, ...] = (
    *_by_type(int8=2, int16=4),
    (3, lambda op: bool(op.inputs) and len(op.inputs[0].shape) != 4),
)
_ARG = _by_type(int8=2, bool=3)

RULES: dict[str, tuple[Rule, ...]] = {
    "CONV_2D": (
        (2, _HYBRID),
        (3, _computes("int8", "int8")),
        (4, _INT16),
        (5, _all(_HYBRID, _per_channel(1))),
        (6, _is_grouped),
        (7, _takes("int4", at=1)),
        (8, _all(_WEIGHTS_16X8, _narrow_bias(2))),
        # tflite-runtime 2.14 takes these as version 7 and gives NaN.
        (8, _HYBRID4),
    ),
    "DEPTHWISE_CONV_2D": (
        (2, _is_dilated),
        (3, _computes("int8", "int8")),
        (4, _HYBRID),
        (5, _INT16),
        (6, _all(_HYBRID, _per_channel(1, axis=3))),
        (7, _takes("int4", at=1)),
    ),
    "FULLY_CONNECTED": (
        (2, _option("weightsFormat")),
        (3, _HYBRID),
        (4, _computes("int8", "int8")),
        (5, _option("keepNumDims")),
        (6, lambda op: len(op.operands) == 2),
        (7, _INT16),
        (8, lambda op: op.weight is not None and op.weight.is_sparse),
        (9, _all(_HYBRID, _ASYMMETRIC)),
        (10, _takes("int4", at=1)),
        (11, _all(_WEIGHTS_16X8, _narrow_bias(2))),
        # Without this, a runtime before 2.17 takes the first channel's scale for all.
        (12, _all(_HYBRID, _per_channel(1))),
        (12, _all(_HYBRID4, _per_channel(1))),
        # The official table has version 10 for these; tflite-runtime 2.14 refuses to prepare them.
        (12, _computes("int8", "int4")),
        (13, _computes("int16", "int4")),
        # The official table has no rule for these; tflite-runtime 2.14 crashes on them.
        (13, _blockwise(1)),
        (14, _takes("int2", at=1)),
    ),
    "EMBEDDING_LOOKUP": (
        (3, _takes("int8", at=1)),
        (4, _takes("int4", at=1)),
        (4, _per_channel(1)),
        (5, _takes("int2", at=1)),
    ),
    "TRANSPOSE_CONV": (
        (2, _takes("int8", at=1)),
        (3, lambda op: len(op.operands) == 4 and op.operands[3] is not None),
        (4, _option("fusedActivationFunction")),
        (5, _all(_takes("int8", at=1), _takes("int16", at=2), _narrow_bias(3))),
        # tflite-runtime 2.14 cannot prepare these; refused by version, it says so.
        (5, _all(_takes("int8", at=1), _takes("float32", at=2))),
    ),
    "BATCH_MATMUL": (*_INT8_2_INT16_3, (4, _all(_HYBRID, _ASYMMETRIC))),
    "DEQUANTIZE": (
        (2, _takes("int8")),
        (3, _takes("int16", "float16")),
        (5, _all(_takes("int8"), _any_per_channel)),
        (6, _takes("int4")),
        (7, _takes("int2")),
    ),
    "QUANTIZE": (
        (2, _gives("int16")),
        (3, _any_per_channel),
        (4, _touches("int4")),
    ),
    "ADD": (
        (2, _takes("int8")),
        (3, _all(_INT16, _is_quantized, _not(_scales_are_powers_of_two))),
        (4, _takes("int64")),
        (5, _all(_takes("int16"), _not(_is_quantized))),
    ),
    "SUB": (
        (2, _takes("int8")),
        (3, _broadcasts_over_rank_4),
        (4, _takes("int64")),
        (5, _all(_INT16, _is_quantized, _not(_scales_are_powers_of_two))),
    ),
    "MUL": (
        (2, _takes("int8")),
        (3, _rescales_up),
        (4, _takes("int16")),
        (5, _takes("int64")),
        (6, _takes("complex64")),
        (7, _takes("uint32")),
        (7, _all(_takes("int16"), _not(_is_quantized))),
    ),
    "DIV": ((2, _broadcasts_over_rank_4),),
    "MAXIMUM": _MINIMUM,
    "MINIMUM": _MINIMUM,
    "AVERAGE_POOL_2D": _POOL,
    "MAX_POOL_2D": _POOL,
    "TANH": _POOL,
    "LOGISTIC": _POOL,
    "SOFTMAX": _INT8_2_INT16_3,
    "MEAN": _INT8_2_INT16_3,
    "MIRROR_PAD": _INT8_2_INT16_3,
    "REDUCE_MAX": _INT8_2_INT16_3,
    "REDUCE_MIN": _INT8_2_INT16_3,
    "RELU6": _INT8_2_INT16_3,
    "RSQRT": _INT8_2_INT16_3,
    "LESS": _INT8_2_INT16_3,
    "GREATER_EQUAL": _INT8_2_INT16_3,
    "SPACE_TO_DEPTH": _INT8_2,
    "DEPTH_TO_SPACE": _INT8_2,
    "SPLIT_V": _INT8_2,
    "SUM": _INT8_2,
    "LOG_SOFTMAX": _INT8_2,
    "GREATER": _INT8_2,
    "LESS_EQUAL": _INT8_2,
    "SQUARED_DIFFERENCE": _INT8_2,
    "RELU": _by_type(int8=2, uint8=2, int16=3),
    "LEAKY_RELU": _by_type(int16=2),
    "GELU": _by_type(int8=2, uint8=2),
    "EXP": _by_type(int8=2, int16=2),
    "LOG": _by_type(int8=2, int16=2),
    "REDUCE_PROD": _by_type(int8=2, int16=2),
    "ABS": (
        *_by_type(int8=2, uint8=2, int16=3, int32=5),
        (4, _all(_takes("int16"), _not(_is_quantized))),
    ),
    "SIGN": _by_type(int32=2),
    "FLOOR_DIV": _by_type(float32=2, int8=3, int16=3),
    "FLOOR_MOD": _by_type(int8=2, int16=2),
    "L2_NORMALIZATION": ((2, _gives("int8")),),
    "CONCATENATION": _by_type(int8=2, int16=3, uint32=4),
    "PACK": (*_by_type(int8=2, uint32=4), (3, _INT16)),
    "UNPACK": (*_by_type(int8=2, uint8=2, bool=3), (4, _INT16)),
    "SPLIT": ((2, _takes("int8", at=1)), (3, _takes("int32", at=1)), (4, _takes("int16", at=1))),
    "PAD": _PAD,
    "PADV2": _PAD,
    "SLICE": (*_by_type(int8=2, string=3, int16=4, uint32=6), (5, _rank_over(4))),
    "STRIDED_SLICE": (
        *_by_type(int8=2, bool=3, string=5, uint32=7),
        (4, _rank_over(4)),
        (6, _option("ellipsisMask")),
        (6, _option("newAxisMask")),
        (8, _option("offset")),
    ),
    "TRANSPOSE": (
        *_by_type(int8=2, bool=3, int16=5, int4=7),
        (4, _rank_over(4)),
        (6, _rank_over(5)),
    ),
    "SPACE_TO_BATCH_ND": _BATCH,
    "BATCH_TO_SPACE_ND": _BATCH,
    "REVERSE_V2": _by_type(bool=2, int8=3),
    "TILE": _by_type(string=2, int8=3),
    "SQUEEZE": _by_type(string=2),
    "RESIZE_BILINEAR": (*_by_type(int8=2, int16=4), (3, _option("halfPixelCenters"))),
    "RESIZE_NEAREST_NEIGHBOR": (
        *_by_type(int8=2, int16=4),
        (3, _option("halfPixelCenters")),
        (3, _option("alignCorners")),
    ),
    "GATHER": (
        *_by_type(int8=2, bool=3, int16=4, int4=7),
        (5, _option("batchDims")),
        (6, _takes("int16", at=1)),
    ),
    "GATHER_ND": (*_by_type(string=2, int16=3, bool=5), (4, _takes("int16", at=1))),
    "TOPK_V2": (
        (2, _takes("int8")),
        (3, _takes("int16")),
        (3, _takes("int16", at=1)),
        (3, _gives("int16", at=1)),
    ),
    "ARG_MAX": _ARG,
    "ARG_MIN": _ARG,
    "EQUAL": _by_type(int8=2, string=3, int16=4),
    "NOT_EQUAL": _by_type(int8=2, string=3),
    "SELECT": (
        (2, _takes("int8")),
        (3, lambda op: any(len(tensor.shape) == 5 for tensor in op.inputs)),
        (4, _takes("uint32")),
    ),
    "SELECT_V2": _by_type(uint32=2),
    "WHERE": ((2, _not(_takes("bool"))),),
    "FILL": (
        (2, _takes("bool", "string", at=1)),
        (3, _takes("int8", "int16", at=1)),
        (4, _takes("float16", at=1)),
    ),
    "RANGE": _by_type(int64=2),
    "BROADCAST_TO": ((2, _always), (3, _takes("int8", "int16"))),
    "CAST": (
        (2, _touches("uint32")),
        (3, _touches("int8")),
        (4, _touches("uint16")),
        (5, _touches("float64", "float16")),
        (6, _all(_takes("int4"), _gives("float32"))),
        (7, _touches("bfloat16")),
    ),
    "DYNAMIC_UPDATE_SLICE": (*_by_type(float16=3, int16=4), (2, _takes("int64", at=2))),
    "SPARSE_TO_DENSE": ((2, _takes("int64", at=2)), (3, _takes("int8", "uint8", at=2))),
    "FAKE_QUANT": ((2, _option("narrowRange")),),
    "SVDF": ((2, _HYBRID), (3, _takes("int8")), (4, _all(_HYBRID, _ASYMMETRIC))),
    "RNN": _RNN,
    "UNIDIRECTIONAL_SEQUENCE_RNN": _RNN,
    "BIDIRECTIONAL_SEQUENCE_RNN": _RNN,
    "BIDIRECTIONAL_SEQUENCE_LSTM": _RNN,
    # The source names version 5 for int16 activations; no runtime registers it, 2.3.0 of
    # LiteRT included, so that it would only make the file unusable.
    "LSTM": (
        (2, _option("kernelType")),
        (3, _all(_not(_option("kernelType")), _computes("float32", "int8", at=2))),
        (4, _all(_not(_option("kernelType")), _computes("float32", "int8", at=2), _ASYMMETRIC)),
    ),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (
        (2, _computes("float32", "int8", at=2)),
        (3, _all(_computes("float32", "int8", at=2), _ASYMMETRIC)),
        (4, _option("diagonalRecurrentTensors")),
    ),
}
