"""The error functions and the Bessel function I0, by polynomials for float32."""

from __future__ import annotations

from typing import Any

from edgekit.frontend.rewrites.operator_call import OperatorCall, Rule
from edgekit.frontend.rewrites.polynomials import polynomial

# Cephes (S. Moshier, ndtrf.c): erf(x) / x in x^2 up to 1; exp(x^2) x erfc(x) in 1 / x^2 up to 2,
# and beyond. Highest power first, here and below.
_ERF = (
    7.853861353153693e-5, -8.010193625184903e-4, 5.188327685732524e-3, -2.685381193529856e-2,
    1.128358514861418e-1, -3.761262582423300e-1, 1.128379165726710e0,
)  # fmt: skip
_ERFC_TO_2 = (
    2.326819970068386e-2, -1.387039388740657e-1, 3.687424674597105e-1, -5.824733027278666e-1,
    6.210004621745983e-1, -4.944515323274145e-1, 3.404879937665872e-1, -2.741127028184656e-1,
    5.638259427386472e-1,
)  # fmt: skip
_ERFC_FROM_2 = (
    -1.047766399936249e1, 1.297719955372516e1, -7.495518717768503e0, 2.921019019210786e0,
    -1.015265279202700e0, 4.218463358204948e-1, -2.820767439740514e-1, 5.641895067754075e-1,
)  # fmt: skip
# M. Giles, Approximating the erfinv function (GPU Computing Gems, 2011), single precision:
# erfinv(x) / x in w - 2.5 below 5, in sqrt(w) - 3 above; w = -log((1 - x)(1 + x)).
_ERFINV_BELOW_5 = (
    2.81022636e-08, 3.43273939e-07, -3.5233877e-06, -4.39150654e-06, 0.00021858087,
    -0.00125372503, -0.00417768164, 0.246640727, 1.50140941,
)  # fmt: skip
_ERFINV_FROM_5 = (
    -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773,
    -0.0076224613, 0.00943887047, 1.00167406, 2.83297682,
)  # fmt: skip
# Abramowitz and Stegun 9.8.1 and 9.8.2: I0(x) in (x / 3.75)^2; sqrt(x) exp(-x) I0(x) in 3.75 / x.
_I0_BELOW = (0.0045813, 0.0360768, 0.2659732, 1.2067492, 3.0899424, 3.5156229, 1.0)
_I0_ABOVE = (
    0.00392377, -0.01647633, 0.02635537, -0.02057706, 0.00916281, -0.00157565, 0.00225319,
    0.01328592, 0.39894228,
)  # fmt: skip


def _erf_near(x: Any) -> Any:
    import tensorflow as tf

    near = tf.clip_by_value(x, -1.0, 1.0)
    return near * polynomial(near * near, _ERF)


def _erfc_far(size: Any) -> Any:
    """`erfc(size)` from 1 on; what it is below 1 nobody reads."""
    import tensorflow as tf

    # Beyond 14 it is zero in float32, and the square would overflow far out.
    far = tf.clip_by_value(size, 1.0, 14.0)
    inverse = 1.0 / far
    square = inverse * inverse
    factor = tf.where(far < 2.0, polynomial(square, _ERFC_TO_2), polynomial(square, _ERFC_FROM_2))
    return tf.exp(-far * far) * inverse * factor


def erf(call: OperatorCall, x: Any) -> Any:
    """Cephes' erff: a polynomial up to 1, `1 - erfc` beyond."""
    import tensorflow as tf

    size = tf.abs(x)
    return tf.where(size <= 1.0, _erf_near(x), tf.sign(x) * (1.0 - _erfc_far(size)))


def erfc(call: OperatorCall, x: Any) -> Any:
    """Cephes' erfcf: `1 - erf` up to 1, beyond it `erfc(|x|)`, mirrored for negative values."""
    import tensorflow as tf

    size = tf.abs(x)
    far = _erfc_far(size)
    return tf.where(size <= 1.0, 1.0 - _erf_near(x), tf.where(x > 0.0, far, 2.0 - far))


def erfinv(call: OperatorCall, x: Any) -> Any:
    """M. Giles' two polynomials; infinite at -1 and 1."""
    import tensorflow as tf

    w = -tf.math.log((1.0 - x) * (1.0 + x))
    below = polynomial(w - 2.5, _ERFINV_BELOW_5)
    above = polynomial(tf.sqrt(tf.maximum(w, 0.0)) - 3.0, _ERFINV_FROM_5)
    finite = x * tf.where(w < 5.0, below, above)
    return tf.where(tf.abs(x) < 1.0, finite, x * w)


def ndtri(call: OperatorCall, x: Any) -> Any:
    """`sqrt(2) erfinv(2 x - 1)` (Abramowitz and Stegun 26.2.29 and 7.1.22)."""
    return 2**0.5 * erfinv(call, 2.0 * x - 1.0)


def _bessel_i0_parts(x: Any) -> tuple[Any, Any, Any, Any]:
    import tensorflow as tf

    size = tf.abs(x)
    t = tf.minimum(size, 3.75) * (1 / 3.75)
    far = tf.maximum(size, 3.75)
    return size, far, polynomial(t * t, _I0_BELOW), polynomial(3.75 / far, _I0_ABOVE)


def bessel_i0(call: OperatorCall, x: Any) -> Any:
    """Abramowitz and Stegun 9.8.1 and 9.8.2, right to 2e-7."""
    import tensorflow as tf

    size, far, below, above = _bessel_i0_parts(x)
    return tf.where(size <= 3.75, below, above * tf.exp(far) / tf.sqrt(far))


def bessel_i0e(call: OperatorCall, x: Any) -> Any:
    """`exp(-|x|) I0(x)`, as `bessel_i0`."""
    import tensorflow as tf

    size, far, below, above = _bessel_i0_parts(x)
    return tf.where(size <= 3.75, below * tf.exp(-size), above / tf.sqrt(far))


RULES: dict[str, Rule] = {
    "BesselI0": bessel_i0,
    "BesselI0e": bessel_i0e,
    "Erf": erf,
    "Erfc": erfc,
    "Erfinv": erfinv,
    "Ndtri": ndtri,
}
