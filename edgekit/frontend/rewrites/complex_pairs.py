"""Complex tensors as pairs of floats along a new last axis: `(..., 2)`, real before imaginary.

TFLite has RFFT2D for powers of two, REAL, IMAG and COMPLEX_ABS, and nothing else of complex
numbers. A graph that needs more is rewritten whole: each operator that reads or gives a complex
tensor has its rule here, and works on pairs.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from edgekit.frontend.rewrites import fourier
from edgekit.frontend.rewrites.constant_operands import constant_value
from edgekit.frontend.rewrites.operator_call import OperatorCall, Rule


def needs_pairs(operations: Iterable[Any]) -> bool:
    """Whether a graph holds complex tensors that TFLite cannot compute with, and rules for all."""
    touching = [operation for operation in operations if has_complex(operation)]
    return not all(map(_is_builtin, touching)) and all(op.type in RULES for op in touching)


def has_complex(operation: Any) -> bool:
    """Whether an operator reads or gives complex tensors."""
    return any(is_complex(tensor) for tensor in (*operation.inputs, *operation.outputs))


def is_complex(tensor: Any) -> bool:
    """Whether a tensor becomes a pair: complex64, of float32 parts."""
    return bool(tensor.dtype.name == "complex64")


def _is_builtin(operation: Any) -> bool:
    if operation.type in ("RFFT", "RFFT2D"):
        lengths = constant_value(operation.inputs[1])
        return lengths is not None and all(_is_power_of_two(int(n)) for n in lengths)
    return operation.type in ("Real", "Imag", "ComplexAbs", "Identity")


def _is_power_of_two(number: int) -> bool:
    return number > 0 and number & (number - 1) == 0


def _pair(real: Any, imaginary: Any) -> Any:
    import tensorflow as tf

    return tf.stack([real, imaginary], axis=-1)


def _parts(pairs: Any) -> tuple[Any, Any]:
    return pairs[..., 0], pairs[..., 1]


def _complex(call: OperatorCall, real: Any, imaginary: Any) -> Any:
    return _pair(real, imaginary)


def _real(call: OperatorCall, x: Any) -> Any:
    return x[..., 0]


def _imaginary(call: OperatorCall, x: Any) -> Any:
    return x[..., 1]


def _magnitude(call: OperatorCall, x: Any) -> Any:
    import tensorflow as tf

    return tf.sqrt(tf.reduce_sum(tf.square(x), axis=-1))


def _angle(call: OperatorCall, x: Any) -> Any:
    import tensorflow as tf

    return tf.atan2(x[..., 1], x[..., 0])


def _conjugate(call: OperatorCall, x: Any) -> Any:
    return _pair(x[..., 0], -x[..., 1])


def _cast(call: OperatorCall, x: Any) -> Any:
    import tensorflow as tf

    if call.attributes["DstT"] == tf.complex64:
        if call.attributes["SrcT"] == tf.complex64:
            return x
        real = tf.cast(x, tf.float32)
        return _pair(real, tf.zeros_like(real))
    return tf.cast(x[..., 0], call.attributes["DstT"])


def _constant(call: OperatorCall) -> Any:
    import tensorflow as tf

    value = tf.make_ndarray(call.attributes["value"])
    return tf.stack([value.real, value.imag], axis=-1)


def _multiply(call: OperatorCall, x: Any, y: Any) -> Any:
    (a, b), (c, d) = _parts(x), _parts(y)
    return _pair(a * c - b * d, a * d + b * c)


def _divide(call: OperatorCall, x: Any, y: Any) -> Any:
    (a, b), (c, d) = _parts(x), _parts(y)
    scale = c * c + d * d
    return _pair((a * c + b * d) / scale, (b * c - a * d) / scale)


def _each_part(call: OperatorCall, *tensors: Any) -> Any:
    """What moves values, or adds them: the same operator on each part."""
    import tensorflow as tf

    graph = tf.compat.v1.get_default_graph()
    attributes = dict(call.protos)
    kind = tf.compat.v1.AttrValue(type=tf.float32.as_datatype_enum)
    attributes = {
        name: kind if proto.type == tf.complex64.as_datatype_enum else proto
        for name, proto in attributes.items()
        if not name.startswith("_")
    }
    parts = []
    for part in range(2):
        operands = [
            tensor[..., part] if paired else tensor
            for tensor, paired in zip(tensors, call.paired, strict=True)
        ]
        parts.append(graph.create_op(call.type, operands, attrs=attributes).outputs)
    return tuple(_pair(real, imaginary) for real, imaginary in zip(*parts, strict=True))


_EACH_PART = """
    Add AddN AddV2 BroadcastTo ConcatV2 ExpandDims Fill GatherNd GatherV2 Identity Mean Neg Pack Pad
    PadV2 Reshape ReverseV2 Roll Slice Split SplitV Squeeze StridedSlice Sub Sum Tile Transpose
    Unpack ZerosLike
""".split()

RULES: dict[str, Rule] = {
    **dict.fromkeys(_EACH_PART, _each_part),
    **fourier.RULES,
    "Angle": _angle,
    "Cast": _cast,
    "Complex": _complex,
    "ComplexAbs": _magnitude,
    "Conj": _conjugate,
    "Const": _constant,
    "Imag": _imaginary,
    "Mul": _multiply,
    "Real": _real,
    "RealDiv": _divide,
}
