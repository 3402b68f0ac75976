"""Fourier transforms as matrix products on pairs of floats (see `complex_pairs`).

A transform is linear: its matrix is what NumPy's transform, in float64, makes of the unit vectors.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from edgekit.frontend.rewrites.operator_call import NoRewrite, OperatorCall, Rule

# Of a matrix, in values: 4 bytes each in the file.
_MOST_VALUES = 2**23

_Transform = Callable[[np.ndarray], np.ndarray]


def transform(call: OperatorCall, x: Any) -> Any:
    """FFT and IFFT along the last axis, FFT2D and IFFT2D along the last two."""
    functions: dict[str, _Transform] = {
        "FFT": np.fft.fft,
        "FFT2D": np.fft.fft,
        "IFFT": np.fft.ifft,
        "IFFT2D": np.fft.ifft,
    }
    function = functions[call.type]
    x = _along_last(x, call.sizes(0, -1)[0], function)
    if call.type.endswith("2D"):
        x = _along_rows(x, call.sizes(0, -2)[0], function)
    return x


def real_transform(call: OperatorCall, x: Any, length: Any) -> Any:
    """RFFT: the first half of the spectrum of real values, `(..., n)` to `(..., n / 2 + 1, 2)`."""
    import tensorflow as tf

    (wanted,) = (int(n) for n in call.constant(1))
    given = call.sizes(0, -1)[0]
    _require_small(min(given, wanted) * (wanted + 2))
    # Values beyond the length are dropped, those that lack are zero.
    used = min(given, wanted)
    spectrum = np.fft.rfft(np.eye(used), n=wanted)
    matrix = np.stack([spectrum.real, spectrum.imag], axis=-1).reshape(used, -1)
    result = _product(x[..., :used], matrix)
    return tf.reshape(result, (*_outer(x), wanted // 2 + 1, 2))


def real_inverse(call: OperatorCall, x: Any, length: Any) -> Any:
    """IRFFT: real values from the first half of their spectrum."""
    import tensorflow as tf

    (wanted,) = (int(n) for n in call.constant(1))
    used = min(call.sizes(0, -1)[0], wanted // 2 + 1)
    _require_small(2 * used * wanted)
    units = np.eye(2 * used)
    matrix = np.fft.irfft(units[:, 0::2] + 1j * units[:, 1::2], n=wanted)
    outer = _outer(x)[:-1]
    return _product(tf.reshape(x[..., :used, :], (*outer, 2 * used)), matrix)


def _along_last(x: Any, size: int, function: _Transform) -> Any:
    import tensorflow as tf

    _require_small(4 * size * size)
    units = np.eye(2 * size)
    spectrum = function(units[:, 0::2] + 1j * units[:, 1::2])
    matrix = np.stack([spectrum.real, spectrum.imag], axis=-1).reshape(2 * size, 2 * size)
    outer = _outer(x)[:-1]
    return tf.reshape(_product(tf.reshape(x, (*outer, 2 * size)), matrix), (*outer, size, 2))


def _along_rows(x: Any, size: int, function: _Transform) -> Any:
    import tensorflow as tf

    rank = len(x.shape)
    exchanged = [*range(rank - 3), rank - 2, rank - 3, rank - 1]
    turned = _along_last(tf.transpose(x, exchanged), size, function)
    return tf.transpose(turned, exchanged)


def _outer(x: Any) -> list[int]:
    """All sizes but the last."""
    sizes = [int(n) for n in x.shape.as_list()[:-1] if n is not None]
    if len(sizes) != len(x.shape) - 1:
        raise NoRewrite("a size is not known")
    return sizes


def _product(x: Any, matrix: np.ndarray) -> Any:
    import tensorflow as tf

    return tf.tensordot(x, matrix.astype(np.float32), axes=[[-1], [0]])


def _require_small(values: int) -> None:
    if values > _MOST_VALUES:
        raise NoRewrite(f"a matrix of {values} values")


RULES: dict[str, Rule] = {
    **dict.fromkeys(("FFT", "FFT2D", "IFFT", "IFFT2D"), transform),
    "IRFFT": real_inverse,
    "RFFT": real_transform,
}
