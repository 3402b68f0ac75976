"""Trigonometric and hyperbolic functions and their inverses, and what logarithms need near zero.

Formulas: Abramowitz and Stegun, Handbook of Mathematical Functions, chapter 4. Those taken here
lose no digits to cancellation near zero, as `exp(x) - exp(-x)` would.
"""

from __future__ import annotations

import math
from typing import Any

from edgekit.frontend.rewrites.operator_call import OperatorCall, Rule
from edgekit.frontend.rewrites.polynomials import polynomial

# Above it the square of a float32 tells nothing beside 1, and below its root it does not overflow.
_LARGE = 1e9
# Where the polynomial of Cephes' logf holds: `1 + x` between the roots of 1 / 2 and of 2.
_LOG_FROM, _LOG_TO = 2**-0.5 - 1, 2**0.5 - 1
_LOG = (
    7.0376836292e-2, -1.1514610310e-1, 1.1676998740e-1, -1.2420140846e-1, 1.4249322787e-1,
    -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1, 3.3333331174e-1,
)  # fmt: skip


def atan(call: OperatorCall, x: Any) -> Any:
    """`atan2(x, 1)`, a builtin operator (4.4.3 and the definition of atan2)."""
    import tensorflow as tf

    return tf.atan2(x, tf.ones_like(x))


def asin(call: OperatorCall, x: Any) -> Any:
    """`atan2(x, sqrt((1 - x)(1 + x)))` (4.4.32 with the sine as one leg of a triangle)."""
    import tensorflow as tf

    return tf.atan2(x, tf.sqrt((1.0 - x) * (1.0 + x)))


def acos(call: OperatorCall, x: Any) -> Any:
    """`atan2(sqrt((1 - x)(1 + x)), x)`, as `asin` with the legs exchanged."""
    import tensorflow as tf

    return tf.atan2(tf.sqrt((1.0 - x) * (1.0 + x)), x)


def tan(call: OperatorCall, x: Any) -> Any:
    """`sin(x) / cos(x)` (4.3.3)."""
    import tensorflow as tf

    return tf.sin(x) / tf.cos(x)


def cosh(call: OperatorCall, x: Any) -> Any:
    """`(exp(x) + exp(-x)) / 2` (4.5.2)."""
    import tensorflow as tf

    return 0.5 * tf.exp(x) + 0.5 * tf.exp(-x)


def sinh(call: OperatorCall, x: Any) -> Any:
    """The half argument (4.5.28), `tanh(x / 2) (cosh(x) + 1)`: no difference of exponentials."""
    import tensorflow as tf

    return tf.tanh(0.5 * x) * (0.5 * tf.exp(x) + 0.5 * tf.exp(-x) + 1.0)


def log1p(x: Any) -> Any:
    """`log(1 + x)`; near zero `x - x^2 / 2 + x^3 P(x)` (Cephes, S. Moshier, logf.c)."""
    import tensorflow as tf

    near = tf.clip_by_value(x, _LOG_FROM, _LOG_TO)
    tail = polynomial(near, _LOG)
    series = near + near * near * (near * tail - 0.5)
    return tf.where(tf.equal(near, x), series, tf.math.log(1.0 + x))


def asinh(call: OperatorCall, x: Any) -> Any:
    """`sign(x) log1p(|x| + x^2 / (1 + sqrt(1 + x^2)))` (4.6.20, expanded); `log(2 |x|)` far out."""
    import tensorflow as tf

    size = tf.abs(x)
    near = tf.minimum(size, _LARGE)
    square = near * near
    inner = log1p(near + square / (1.0 + tf.sqrt(1.0 + square)))
    outer = tf.math.log(tf.maximum(size, 1.0)) + math.log(2)
    return tf.sign(x) * tf.where(size > _LARGE, outer, inner)


def acosh(call: OperatorCall, x: Any) -> Any:
    """`log1p(t + sqrt(t) sqrt(t + 2))` with `t = x - 1` (4.6.21, expanded); `log(2 x)` far out."""
    import tensorflow as tf

    t = tf.minimum(x, _LARGE) - 1.0
    inner = log1p(t + tf.sqrt(t) * tf.sqrt(t + 2.0))
    outer = tf.math.log(tf.maximum(x, 1.0)) + math.log(2)
    return tf.where(x > _LARGE, outer, inner)


def atanh(call: OperatorCall, x: Any) -> Any:
    """`sign(x) log1p(2 |x| / (1 - |x|)) / 2` (4.6.22, for each sign)."""
    import tensorflow as tf

    size = tf.abs(x)
    return 0.5 * tf.sign(x) * log1p(2.0 * size / (1.0 - size))


def xdivy(call: OperatorCall, x: Any, y: Any) -> Any:
    """`x / y`, zero where `x` is."""
    import tensorflow as tf

    return tf.where(tf.equal(x, 0.0), tf.zeros_like(x / y), x / y)


def xlogy(call: OperatorCall, x: Any, y: Any) -> Any:
    """`x log(y)`, zero where `x` is."""
    import tensorflow as tf

    product = x * tf.math.log(y)
    return tf.where(tf.equal(x, 0.0), tf.zeros_like(product), product)


def xlog1py(call: OperatorCall, x: Any, y: Any) -> Any:
    """`x log(1 + y)`, zero where `x` is."""
    import tensorflow as tf

    product = x * log1p(y)
    return tf.where(tf.equal(x, 0.0), tf.zeros_like(product), product)


def mul_no_nan(call: OperatorCall, x: Any, y: Any) -> Any:
    """`x y`, zero where `y` is."""
    import tensorflow as tf

    product = x * y
    return tf.where(tf.equal(y, 0.0), tf.zeros_like(product), product)


RULES: dict[str, Rule] = {
    "Acos": acos,
    "Acosh": acosh,
    "Asin": asin,
    "Asinh": asinh,
    "Atan": atan,
    "Atanh": atanh,
    "Cosh": cosh,
    "MulNoNan": mul_no_nan,
    "Sinh": sinh,
    "Tan": tan,
    "Xdivy": xdivy,
    "Xlog1py": xlog1py,
    "Xlogy": xlogy,
}
