"""TFLite operators as TensorFlow functions that have gradients and take any batch.

A file has a batch of 1 and training one of N: a function may rely on an activation's first
dimension being the batch, or rows of the batch one after the other, and must leave it there.
What cannot is refused by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Any

from edgekit.compress.qat import linear_functions, shape_functions
from edgekit.core.errors import ModelError
from edgekit.tflite import Operator

# An operator's operands by place (tensors, NumPy arrays where constant, None where left out) to
# its output, or to all of them where there are several.
Function = Callable[[Sequence[Any], Operator], Any]

HINT = (
    "quantization-aware training walks the operators of the float file; use post-training "
    "quantization: leave --qat out."
)


def run(op: Operator, values: Sequence[Any]) -> list[Any]:
    """The outputs of one operator.

    Args:
        op: Of the float file.
        values: By place: tensors with any batch, constants as NumPy arrays, or None. The
            weights of linear operators are in TensorFlow's order (see `linear_functions.kernel`).

    Raises:
        ModelError: Nothing here computes this operator, or it does not keep the batch in front.
    """
    result = function(op)(values, op)
    results = list(result) if isinstance(result, (list, tuple)) else [result]
    fused = getattr(op.options, "fusedActivationFunction", 0)
    return [_fused(fused, result, op) for result in results] if fused else results


def function(op: Operator) -> Function:
    """What computes an operator.

    Raises:
        ModelError: Nothing here does.
    """
    known = _table().get(op.name)
    if known is None:
        raise ModelError(
            "Quantization-aware training does not support an operator of the model.",
            received=f"{op.name} of layer {op.layer}",
            hint=HINT,
        )
    return known


def names() -> tuple[str, ...]:
    """The operators that can be trained through."""
    return tuple(_table())


def _fused(number: int, value: Any, op: Operator) -> Any:
    import tensorflow as tf

    # schema: ActivationFunctionType. The others (TANH, SIGN_BIT) no kernel computes.
    if number == 1:
        return tf.nn.relu(value)
    if number == 2:
        return tf.clip_by_value(value, -1.0, 1.0)
    if number == 3:
        return tf.nn.relu6(value)
    raise ModelError(
        "Quantization-aware training does not support an activation of the model.",
        received=f"number {number} in {op.name} of layer {op.layer}",
        hint=HINT,
    )


@cache
def _table() -> Mapping[str, Function]:
    return MappingProxyType(
        {**_arithmetic(), **linear_functions.FUNCTIONS, **shape_functions.FUNCTIONS}
    )


def _arithmetic() -> dict[str, Function]:
    """Element by element; constants broadcast, as their first dimension is 1 or missing."""
    import tensorflow as tf

    def one(compute: Callable[[Any], Any]) -> Function:
        return lambda values, op: compute(values[0])

    def two(compute: Callable[[Any, Any], Any]) -> Function:
        return lambda values, op: compute(values[0], values[1])

    return {
        "ADD": two(tf.add),
        "SUB": two(tf.subtract),
        "MUL": two(tf.multiply),
        "DIV": two(tf.divide),
        "MAXIMUM": two(tf.maximum),
        "MINIMUM": two(tf.minimum),
        "POW": two(tf.pow),
        "SQUARED_DIFFERENCE": two(tf.math.squared_difference),
        "EQUAL": two(tf.equal),
        "NOT_EQUAL": two(tf.not_equal),
        "GREATER": two(tf.greater),
        "GREATER_EQUAL": two(tf.greater_equal),
        "LESS": two(tf.less),
        "LESS_EQUAL": two(tf.less_equal),
        "LOGICAL_AND": two(tf.logical_and),
        "LOGICAL_OR": two(tf.logical_or),
        "LOGICAL_NOT": one(tf.logical_not),
        "SELECT": lambda values, op: tf.where(*values),
        "SELECT_V2": lambda values, op: tf.where(*values),
        "RELU": one(tf.nn.relu),
        "RELU6": one(tf.nn.relu6),
        "RELU_N1_TO_1": one(lambda x: tf.clip_by_value(x, -1.0, 1.0)),
        "RELU_0_TO_1": one(lambda x: tf.clip_by_value(x, 0.0, 1.0)),
        "LEAKY_RELU": lambda values, op: tf.nn.leaky_relu(values[0], op.options.alpha),
        "PRELU": two(lambda x, alpha: tf.maximum(x, 0.0) + alpha * tf.minimum(x, 0.0)),
        "ELU": one(tf.nn.elu),
        "HARD_SWISH": one(lambda x: x * tf.nn.relu6(x + 3.0) / 6.0),
        "GELU": lambda values, op: tf.nn.gelu(values[0], approximate=op.options.approximate),
        "LOGISTIC": one(tf.sigmoid),
        "TANH": one(tf.tanh),
        "SOFTMAX": lambda values, op: tf.nn.softmax(_times(values[0], op.options.beta)),
        "LOG_SOFTMAX": one(tf.nn.log_softmax),
        "L2_NORMALIZATION": one(lambda x: tf.math.l2_normalize(x, axis=-1, epsilon=1e-12)),
        "RSQRT": one(tf.math.rsqrt),
        "SQRT": one(tf.sqrt),
        "SQUARE": one(tf.square),
        "EXP": one(tf.exp),
        "LOG": one(tf.math.log),
        "SIN": one(tf.sin),
        "COS": one(tf.cos),
        "ABS": one(tf.abs),
        "NEG": one(tf.negative),
        "FLOOR": one(tf.floor),
        "CAST": lambda values, op: tf.cast(values[0], op.outputs[0].dtype),
        "DEQUANTIZE": lambda values, op: tf.cast(values[0], op.outputs[0].dtype),
    }


def _times(value: Any, factor: float) -> Any:
    # Without the factor of 1, a converter recognises the softmax behind the last layer.
    return value if factor == 1 else value * factor
