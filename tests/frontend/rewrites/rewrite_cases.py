"""Functions of TensorFlow, rewritten and converted, against what TensorFlow makes of them.

Each case is one graph of many operators with one conversion; it answers, by output, how many
decibels LiteRT's result is away from TensorFlow's own operator.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter

from edgekit.compat.tensorflow import convert_by_saved_model
from edgekit.frontend.rewrites import rewrite_graph
from edgekit.frontend.rewrites.constant_operands import constant_value

Arrays = Mapping[str, np.ndarray]
_RANDOM = np.random.default_rng(0)
_RAW = tf.raw_ops


def _db(expected: np.ndarray, found: np.ndarray) -> float:
    """SQNR; 300 where all are equal, and -300 where shapes or what is not finite differ."""
    if expected.shape != found.shape or expected.dtype != found.dtype:
        return -300.0
    finite = np.isfinite(expected) if expected.dtype.kind == "f" else np.zeros(expected.shape, bool)
    if not np.array_equal(expected[~finite], found[~finite], equal_nan=expected.dtype.kind == "f"):
        return -300.0
    signal = expected[finite].astype(np.float64)
    noise = signal - found[finite].astype(np.float64)
    if not noise.any():
        return 300.0
    return float(10 * np.log10((signal**2).sum() / (noise**2).sum()))


def _nearness(
    function: Callable[..., dict[str, Any]],
    *runs: Arrays,
    fused: bool = True,
    open_sizes: bool = False,
) -> dict[str, float]:
    """The worst of the runs, by output; with open sizes all but the batch are."""
    specs = {
        name: tf.TensorSpec(
            (1, *[None] * (a.ndim - 1)) if open_sizes else a.shape, a.dtype, name=name
        )
        for name, a in runs[0].items()
    }
    traced = tf.function(function, autograph=False).get_concrete_function(**specs)
    rewritten = rewrite_graph.rewrite(traced, fused=fused)
    holder = tf.Module()
    holder.variables_ = list(traced.variables)
    content = convert_by_saved_model(rewritten, holder)
    runner = Interpreter(model_content=content).get_signature_runner()
    worst: dict[str, float] = {}
    for arrays in runs:
        expected = {name: np.asarray(value) for name, value in traced(**_tensors(arrays)).items()}
        for name, found in runner(**arrays).items():
            worst[name] = min(worst.get(name, 300.0), _db(expected[name], found))
    assert worst.keys() == expected.keys()
    return worst


def _tensors(arrays: Arrays) -> dict[str, Any]:
    return {name: tf.constant(array) for name, array in arrays.items()}


def _normal(*shape: int) -> np.ndarray:
    return _RANDOM.normal(size=shape).astype(np.float32)


def _grid(low: float, high: float) -> np.ndarray:
    return np.linspace(low, high, 201, dtype=np.float32)


def elementary() -> dict[str, float]:
    def compute(x: Any, unit: Any, large: Any) -> dict[str, Any]:
        return {
            "Acos": tf.acos(unit),
            "Acosh": tf.acosh(large),
            "Asin": tf.asin(unit),
            "Asinh": tf.asinh(x),
            "Atan": tf.atan(x),
            "Atanh": tf.atanh(unit),
            "Cosh": tf.cosh(x),
            "MulNoNan": tf.math.multiply_no_nan(x, tf.nn.relu(unit)),
            "Sinh": tf.sinh(x),
            "Tan": tf.tan(unit),
            "Xdivy": tf.math.xdivy(tf.nn.relu(x), tf.nn.relu(x)),
            "Xlog1py": tf.math.xlog1py(tf.nn.relu(x), tf.nn.relu(x)),
            "Xlogy": tf.math.xlogy(tf.nn.relu(x), tf.nn.relu(x)),
        }

    whole = {"x": _grid(-9, 9), "unit": _grid(-0.9999, 0.9999), "large": _grid(1, 1e3)}
    # Where a difference of exponentials, or a logarithm of about 1, would lose all digits.
    near = {"x": _grid(-1e-4, 1e-4), "unit": _grid(-1e-4, 1e-4), "large": _grid(1, 1 + 1e-4)}
    far = {"x": _grid(-80, 80), "unit": _grid(-3, 3), "large": _grid(-1e20, 1e20)}
    return _nearness(compute, whole, near, far)


def far_out() -> dict[str, float]:
    def compute(x: Any) -> dict[str, Any]:
        return {
            "Atan": tf.atan(x),
            "Erf": tf.math.erf(x),
            "Erfc": tf.math.erfc(x),
            "Erfinv": tf.math.erfinv(x),
        }

    values = [-np.inf, -1e30, -1e12, -1, -0.5, 0, 0.5, 1, 1e12, 1e30, np.inf, np.nan]
    return _nearness(compute, {"x": np.asarray(values, np.float32)})


def error_functions() -> dict[str, float]:
    def compute(x: Any, unit: Any) -> dict[str, Any]:
        return {
            "BesselI0": tf.math.bessel_i0(x),
            "BesselI0e": tf.math.bessel_i0e(x),
            "Erf": tf.math.erf(x),
            "Erfc": tf.math.erfc(x),
            "Erfinv": tf.math.erfinv(unit),
            "Ndtri": tf.math.ndtri(0.5 + 0.5 * unit),
        }

    whole = {"x": _grid(-10, 10), "unit": _grid(-0.999, 0.999)}
    # TensorFlow computes erfinv(x) from (1 + x) / 2, which has lost digits nearer to zero.
    near = {"x": _grid(-1e-4, 1e-4), "unit": _grid(-0.02, 0.02)}
    beyond = {"x": _grid(2, 9), "unit": _grid(0.9, 0.999)}
    return _nearness(compute, whole, near, beyond)


def gelu() -> dict[str, Any]:
    """GELU stays one operator; its parts, where the converter does not see GELU, do not."""
    x = {"x": _grid(-5, 5)}

    def types(function: Any) -> set[str]:
        traced = tf.function(function).get_concrete_function(tf.TensorSpec([201], name="x"))
        return {op.type for op in rewrite_graph.rewrite(traced).graph.get_operations()}

    def both(x: Any) -> dict[str, Any]:
        return {"gelu": tf.nn.gelu(x), "erf": tf.math.erf(x)}

    def halves(x: Any) -> dict[str, Any]:
        return {"y": x * (0.5 * (1.0 + tf.math.erf(x / 2**0.5)))}

    return {
        "kept": [
            bool(types(function) & {"Erf", "Erfc"})
            for function in (
                lambda x: {"y": tf.nn.gelu(x)},
                lambda x: {"y": 0.5 * x * (1.0 + tf.math.erf(x / 2**0.5))},
                lambda x: {"y": tf.math.erf(x) * 2.0},
            )
        ],
        "beside": _nearness(both, x),
        "apart": _nearness(halves, x, fused=False),
    }


def bits() -> dict[str, float]:
    def compute(a: Any, b: Any, shift: Any, small: Any) -> dict[str, Any]:
        return {
            "BitwiseAnd": tf.bitwise.bitwise_and(a, b),
            "sign bit": tf.bitwise.bitwise_and(a, tf.int32.min),
            "BitwiseOr": tf.bitwise.bitwise_or(a, b),
            "Invert": tf.bitwise.invert(a),
            "LeftShift": tf.bitwise.left_shift(a, shift),
            "uint8 Invert": tf.bitwise.invert(small),
            "uint8 BitwiseAnd": tf.bitwise.bitwise_and(small, tf.constant(77, tf.uint8)),
        }

    ends = np.asarray([-(2**31), -1, 0, 1, 2**31 - 1] * 4, np.int32)
    other = _RANDOM.integers(-(2**31), 2**31, 20).astype(np.int32)
    shift = np.arange(20, dtype=np.int32)
    small = _RANDOM.integers(0, 256, 20).astype(np.uint8)
    return _nearness(compute, {"a": ends, "b": other, "shift": shift, "small": small})


def new_axes() -> dict[str, float]:
    def compute(x: Any) -> dict[str, Any]:
        last = tf.shape(x)[1] - 1
        return {
            "StridedSlice": x[:, None],
            "StridedSlice, at the end": x[:, :, :, None],
            "StridedSlice, two": x[None, :, :, None, :],
            "StridedSlice, a part": x[:, 1:, None, ::2],
            "StridedSlice, one place": x[:, 1, None, :],
            "StridedSlice, computed": x[:, None, last:],
            "StridedSlice, backwards": x[:, None, ::-1],
        }

    return _nearness(compute, {"x": _normal(1, 4, 6)}, {"x": _normal(1, 3, 5)}, open_sizes=True)


def counting() -> dict[str, float]:
    def compute(ids: Any, x: Any, row: Any, targets: Any, a: Any, b: Any) -> dict[str, Any]:
        options: dict[str, Any] = {"minlength": 6, "maxlength": 6, "axis": -1}
        ordered = tf.constant([[-1.0, 0.0, 0.0, 2.0]])
        return {
            "DenseBincount": tf.math.bincount(ids, **options),
            "DenseBincount, weighted": tf.math.bincount(ids, weights=tf.abs(row), **options),
            "DenseBincount, binary": tf.math.bincount(ids, binary_output=True, **options),
            "DenseBincount, open": tf.math.bincount(ids, minlength=6, axis=-1),
            "LowerBound": tf.searchsorted(ordered, row, side="left"),
            "UpperBound": tf.searchsorted(ordered, row, side="right"),
            "InTopKV2": tf.math.in_top_k(targets, x, 2),
            "Cumprod": tf.math.cumprod(x, axis=1),
            "Cumprod, exclusive": tf.math.cumprod(x, axis=0, exclusive=True),
            "Cumprod, reverse": tf.math.cumprod(x, axis=-1, exclusive=True, reverse=True),
            "MatrixDiagPartV3": tf.linalg.diag_part(x),
            "MatrixDiagPartV3, above": tf.linalg.diag_part(x, k=2),
            "MatrixDiagPartV3, below": tf.linalg.diag_part(x, k=-1),
            "Cross": tf.linalg.cross(a, b),
        }

    return _nearness(
        compute,
        {
            "ids": np.asarray([[0, 3, 3, 5, 7]], np.int32),
            "x": _normal(4, 6),
            "row": np.asarray([[-2.0, -1.0, 0.0, 1.0, 3.0]], np.float32),
            "targets": np.asarray([0, 3, 5, 1], np.int32),
            "a": _normal(5, 3),
            "b": _normal(5, 3),
        },
    )


def linear_algebra() -> dict[str, float]:
    def compute(a: Any, b: Any) -> dict[str, Any]:
        sign, logarithm = tf.linalg.slogdet(a)
        return {
            "MatrixInverse, adjoint": tf.linalg.inv(a, adjoint=True),
            "MatrixSolve": tf.linalg.solve(a, b),
            "MatrixDeterminant": tf.linalg.det(a),
            "sign": sign,
            "LogMatrixDeterminant": logarithm,
            "Cholesky": tf.linalg.cholesky(tf.matmul(a, a, transpose_b=True)),
            "MatrixTriangularSolve": tf.linalg.triangular_solve(a, b),
            "adjoint": tf.linalg.triangular_solve(a, b, adjoint=True),
        }

    # Of rows in another order, so that pivots are not where they are looked for first.
    regular = (3 * np.eye(3)[[2, 0, 1]] + 0.3 * np.eye(3)).astype(np.float32)
    return _nearness(compute, {"a": regular + 0.1 * _normal(2, 3, 3), "b": _normal(2, 3, 2)})


def image_sizes() -> dict[str, float]:
    def compute(x: Any) -> dict[str, Any]:
        return {
            "bicubic": tf.image.resize(x, (13, 5), "bicubic"),
            "area": tf.image.resize(x, (4, 7), "area"),
            "corners": _RAW.ResizeBicubic(images=x, size=(13, 5), align_corners=True),
            "antialiased": tf.image.resize(x, (4, 5), antialias=True),
            "lanczos": tf.image.resize(x, (13, 5), "lanczos3", antialias=True),
            "ScaleAndTranslate": _RAW.ScaleAndTranslate(
                images=x, size=(6, 7), scale=(0.6, 1.3), translation=(0.4, -1.0),
                kernel_type="gaussian", antialias=True,
            ),
        }  # fmt: skip

    return _nearness(compute, {"x": _normal(1, 8, 9, 3)})


def image_colors() -> dict[str, float]:
    def compute(x: Any) -> dict[str, Any]:
        return {"RGBToHSV": tf.image.rgb_to_hsv(x), "HSVToRGB": tf.image.hsv_to_rgb(x)}

    colors = _RANDOM.random((1, 9, 8, 3)).astype(np.float32)
    colors[0, 0] = [0.5, 0.5, 0.5]  # gray, without hue
    colors[0, 1] = 0
    colors[0, 2] = [1, 0, 0]
    return _nearness(compute, {"x": colors})


def pooling_3d() -> dict[str, float]:
    def compute(x: Any) -> dict[str, Any]:
        return {
            f"{name} {padding} {window} {strides}": pool(x, window, strides, padding)
            for name, pool in (("max", tf.nn.max_pool3d), ("average", tf.nn.avg_pool3d))
            for padding in ("SAME", "VALID")
            for window, strides in ((2, 2), ((3, 2, 1), (1, 2, 3)))
        }

    return _nearness(compute, {"x": _normal(2, 6, 7, 5, 2)})


def windows() -> dict[str, float]:
    kernel = _normal(3, 2, 4, 3)

    def compute(x: Any) -> dict[str, Any]:
        return {
            "ExtractImagePatches": tf.image.extract_patches(
                x, [1, 2, 3, 1], [1, 2, 1, 1], [1, 1, 2, 1], "SAME"
            ),
            "Conv2DBackpropInput": tf.nn.conv2d_transpose(
                x, kernel, (1, 8, 9, 4), strides=1, padding="SAME", dilations=(2, 3)
            ),
            "without padding": tf.nn.conv2d_transpose(
                x, kernel, (1, 12, 12, 4), strides=1, padding="VALID", dilations=(2, 3)
            ),
        }

    return _nearness(compute, {"x": _normal(1, 8, 9, 3)})


def projective_transforms() -> dict[str, float]:
    def compute(x: Any, rows: Any) -> dict[str, Any]:
        return {
            f"{mode} {interpolation}": _RAW.ImageProjectiveTransformV3(
                images=x, transforms=rows, output_shape=(7, 9), fill_value=0.25,
                interpolation=interpolation, fill_mode=mode,
            )
            for mode in ("CONSTANT", "NEAREST")
            for interpolation in ("BILINEAR", "NEAREST")
        }  # fmt: skip

    rows = np.asarray([[1.1, 0.2, -1.3, -0.1, 0.9, 1.7, 0.01, 0.02]], np.float32)
    return _nearness(compute, {"x": _normal(1, 8, 9, 3), "rows": rows})


def fourier() -> dict[str, float]:
    def compute(x: Any, y: Any) -> dict[str, Any]:
        z = tf.complex(x, y)
        frames = tf.signal.stft(x[0, 0], 5, 3, 5)
        back = tf.signal.irfft(tf.signal.rfft(x) * tf.cast(y[..., :6], tf.complex64), [10])
        return {
            "FFT": tf.math.real(tf.signal.fft(z)),
            "IFFT": tf.math.imag(tf.signal.ifft(z)),
            "FFT2D": tf.math.real(tf.signal.fft2d(z)),
            "IFFT2D": tf.math.imag(tf.signal.ifft2d(z)),
            "RFFT": tf.abs(tf.signal.rfft(x, [7])),
            "RFFT, longer": tf.math.imag(tf.signal.rfft(x, [13])),
            "IRFFT": back,
            "frames": tf.abs(frames),
        }

    return _nearness(compute, {"x": _normal(1, 4, 10), "y": _normal(1, 4, 10)})


def complex_pairs() -> dict[str, float]:
    def compute(x: Any, y: Any) -> dict[str, Any]:
        a, b = tf.complex(x, y), tf.complex(y, x + 1.0)
        moved = tf.transpose(tf.reshape(tf.concat([a, b[:, ::2]], axis=-1), (2, 3, 3)), (1, 0, 2))
        return {
            "product": tf.math.real(a * b - tf.math.conj(a)),
            "quotient": tf.math.imag(a / b),
            "angle": tf.math.angle(a),
            "magnitude": tf.abs(a + (2.0 - 1.0j)),
            "moved": tf.math.imag(moved),
            "sum": tf.math.real(tf.reduce_sum(a, axis=0)),
        }

    return _nearness(compute, {"x": _normal(3, 4), "y": _normal(3, 4)})


def builtin_complex() -> list[str]:
    """A spectrum that TFLite has operators for is left to it."""
    traced = tf.function(lambda x: tf.abs(tf.signal.rfft(x))).get_concrete_function(
        tf.TensorSpec([1, 16])
    )
    assert rewrite_graph.rewrite(traced) is traced
    return sorted({op.type for op in traced.graph.get_operations()} & {"RFFT", "ComplexAbs"})


def loops() -> dict[str, float]:
    weight = tf.Variable(_normal(4, 4))

    def compute(x: Any) -> dict[str, Any]:
        def step(i: Any, h: Any) -> tuple[Any, Any]:
            return i + 1, tf.atan(tf.matmul(h, weight))

        looped = tf.while_loop(lambda i, h: i < 3, step, (0, x))[1]
        branched = tf.cond(tf.reduce_sum(x) > 0, lambda: tf.sinh(x), lambda: tf.math.erf(x))
        return {"While": looped, "If": branched}

    return _nearness(compute, {"x": np.abs(_normal(1, 4))}, {"x": -np.abs(_normal(1, 4))})


def untouched() -> dict[str, bool]:
    def rewritten(function: Any, *shape: int | None) -> bool:
        traced = tf.function(lambda x: {"y": function(x)}).get_concrete_function(
            x=tf.TensorSpec(shape, name="x")
        )
        return rewrite_graph.rewrite(traced) is not traced

    return {
        "nothing to rewrite": rewritten(lambda x: x + 1.0, 3),
        "a constant": rewritten(lambda x: x + tf.sinh(2.0), 3),
        "a large matrix": rewritten(tf.linalg.inv, 40, 40),
        "an open size": rewritten(lambda x: tf.nn.max_pool3d(x, 2, 2, "SAME"), 1, None, 4, 4, 1),
        "undilated": rewritten(
            lambda x: tf.nn.conv2d_transpose(x, tf.ones((2, 2, 1, 1)), (1, 8, 8, 1), 2), 1, 4, 4, 1
        ),
        "an open size, each value apart": rewritten(tf.sinh, 1, None),
    }


def constants() -> dict[str, Any]:
    with tf.Graph().as_default():
        x = tf.compat.v1.placeholder(tf.float32, (1, 8, 6, 3))
        open_ = tf.compat.v1.placeholder(tf.float32, (None, 8))
        size = tf.cast(tf.shape(x)[1:3], tf.float32)
        tensors = {
            "plain": tf.constant(3.0),
            "of a shape": tf.constant([4.0, 12.0]) / size,
            "clamped": tf.minimum(6, tf.maximum(6, tf.cast(tf.reduce_max(x), tf.int32))),
            "half clamped": tf.maximum(6, tf.cast(tf.reduce_max(x), tf.int32)),
            "of an open shape": tf.shape(open_)[0] * 2,
            "of values": tf.reduce_sum(x),
            "random": tf.random.uniform((2,)) * 1.0,
        }
        values = {name: constant_value(tensor) for name, tensor in tensors.items()}
    return {name: None if v is None else v.tolist() for name, v in values.items()}
