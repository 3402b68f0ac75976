"""TensorFlow functions between Keras 2 layers, as Keras 3 layers or operations.

Keras 2 records `x + y` and `tf.nn.relu(x)` in a functional model as TFOpLambda layers that name
the function. Where two tensors meet, the Keras 3 layer of that meaning is used, because pruning
knows layers; otherwise the operation of `keras.ops`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Arguments = Mapping[str, Any]

# Python operators by the function that computes the same.
_OPERATORS = {
    "__operators__.add": "math.add",
    "__operators__.sub": "math.subtract",
    "__operators__.mul": "math.multiply",
    "__operators__.truediv": "math.divide",
    "__operators__.pow": "math.pow",
    "__operators__.neg": "math.negative",
    "__operators__.abs": "math.abs",
    "__operators__.matmul": "linalg.matmul",
}
# Two values by the layer that joins two tensors, and the operation that joins anything.
_BINARY = {
    "math.add": ("Add", "add"),
    "math.subtract": ("Subtract", "subtract"),
    "math.multiply": ("Multiply", "multiply"),
    "math.maximum": ("Maximum", "maximum"),
    "math.minimum": ("Minimum", "minimum"),
    "math.divide": (None, "divide"),
    "math.truediv": (None, "divide"),
    "math.pow": (None, "power"),
    "math.squared_difference": (None, "squared_difference"),
    "linalg.matmul": (None, "matmul"),
}
# By the activation of that name.
_ACTIVATIONS = {
    "nn.relu": "relu",
    "nn.relu6": "relu6",
    "nn.elu": "elu",
    "nn.selu": "selu",
    "nn.silu": "silu",
    "nn.swish": "silu",
    "math.sigmoid": "sigmoid",
    "nn.sigmoid": "sigmoid",
    "math.tanh": "tanh",
    "nn.tanh": "tanh",
    "math.softplus": "softplus",
    "nn.softplus": "softplus",
}
_UNARY = {
    "math.negative": "negative",
    "math.abs": "abs",
    "math.square": "square",
    "math.sqrt": "sqrt",
    "math.rsqrt": "rsqrt",
    "math.exp": "exp",
    "math.log": "log",
    "math.sin": "sin",
    "math.cos": "cos",
    "math.erf": "erf",
    "math.floor": "floor",
    "math.round": "round",
    "math.sign": "sign",
    "identity": None,
    "stop_gradient": None,
}
_REDUCTIONS = {
    "math.reduce_mean": "mean",
    "math.reduce_sum": "sum",
    "math.reduce_max": "max",
    "math.reduce_min": "min",
    "math.reduce_prod": "prod",
    "math.reduce_logsumexp": "logsumexp",
}


def translate(symbol: str, args: tuple[Any, ...], kwargs: Arguments, name: str) -> Any | None:
    """The outputs of a TensorFlow function on Keras 3 tensors.

    Args:
        symbol: What Keras 2 names it, without `tf.`: `math.add`, `__operators__.getitem`.
        args: Its positional arguments, Keras 3 tensors and constants.
        kwargs: Its other arguments.
        name: What to call the layer, where there is one.

    Returns:
        Keras 3 tensors; None for a function, or options of one, that are not known here.
    """
    symbol = symbol.removeprefix("compat.v1.")
    if symbol == "__operators__.getitem":
        return args[0][_slices(args[1] if len(args) > 1 else kwargs["slice_spec"])]
    symbol = _OPERATORS.get(symbol, symbol)
    bound = _bind(symbol, args, kwargs)
    if bound is None:
        return None
    values = list(bound.values())
    if symbol in _BINARY:
        return _binary(symbol, bound, name)
    if symbol in _ACTIVATIONS:
        import keras

        return keras.layers.Activation(_ACTIVATIONS[symbol], name=name)(values[0])
    if symbol in _UNARY:
        import keras

        function = _UNARY[symbol]
        return getattr(keras.ops, function)(values[0]) if function else values[0]
    if symbol in _REDUCTIONS:
        import keras

        axis = _constant(bound.get("axis"))
        keep = bool(bound.get("keepdims", False))
        return getattr(keras.ops, _REDUCTIONS[symbol])(values[0], axis=axis, keepdims=keep)
    other = _OTHERS.get(symbol)
    return other(bound, name) if other else None


def _bind(symbol: str, args: tuple[Any, ...], kwargs: Arguments) -> dict[str, Any] | None:
    """The arguments by the function's own names, without those that are None or a name."""
    import tensorflow as tf

    function: Any = tf
    for part in symbol.split("."):
        function = getattr(function, part, None)
    if not callable(function):
        return None
    try:
        bound = inspect.signature(function).bind(*args, **kwargs).arguments
    except (TypeError, ValueError):
        return None
    return {key: value for key, value in bound.items() if value is not None and key != "name"}


def _is_symbolic(value: Any) -> bool:
    import keras

    return isinstance(value, keras.KerasTensor)


def _constant(value: Any) -> Any:
    """A constant argument as plain Python numbers, tuples of them, or an array."""
    if hasattr(value, "numpy"):
        value = value.numpy()
    if isinstance(value, (list, tuple)):
        return tuple(_constant(item) for item in value)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iu":
        return tuple(value.tolist()) if value.ndim == 1 else value.tolist()
    return value.item() if isinstance(value, np.generic) else value


def _binary(symbol: str, bound: Arguments, name: str) -> Any | None:
    import keras

    layer, operation = _BINARY[symbol]
    left, right, *options = bound.values()
    if any(option not in (False, None) for option in options):
        return None  # transpose_a and its like
    if layer and _is_symbolic(left) and _is_symbolic(right) and len(left.shape) == len(right.shape):
        return getattr(keras.layers, layer)(name=name)([left, right])
    if operation == "squared_difference":
        return keras.ops.square(keras.ops.subtract(left, right))
    return getattr(keras.ops, operation)(left, right)


def _slices(spec: Any) -> Any:
    if isinstance(spec, (list, tuple)):
        return tuple(_slices(item) for item in spec)
    if isinstance(spec, dict):
        return slice(*(_constant(spec.get(key)) for key in ("start", "stop", "step")))
    return spec if spec is Ellipsis or spec is None else _constant(spec)


def _concat(a: Arguments, name: str) -> Any:
    import keras

    if all(_is_symbolic(value) for value in a["values"]):
        return keras.layers.Concatenate(axis=_constant(a["axis"]), name=name)(list(a["values"]))
    return keras.ops.concatenate(list(a["values"]), axis=_constant(a["axis"]))


def _reshape(a: Arguments, name: str) -> Any | None:
    import keras

    shape = _constant(a["shape"])
    if not all(isinstance(size, int) for size in shape):
        return None  # sizes computed from another tensor's
    if shape[0] == -1 and all(size > 0 for size in shape[1:]):
        return keras.layers.Reshape(shape[1:], name=name)(a["tensor"])
    return keras.ops.reshape(a["tensor"], shape)


def _transpose(a: Arguments, name: str) -> Any:
    import keras

    axes = _constant(a.get("perm"))
    if axes and axes[0] == 0:
        return keras.layers.Permute(axes[1:], name=name)(a["a"])
    return keras.ops.transpose(a["a"], axes)


def _one_hot(a: Arguments, name: str) -> Any | None:
    import keras

    if {"on_value", "off_value"} & a.keys():
        return None
    axis, dtype = _constant(a.get("axis", -1)), _dtype(a.get("dtype", "float32"))
    return keras.ops.one_hot(a["indices"], _constant(a["depth"]), axis=axis, dtype=dtype)


def _dtype(value: Any) -> str:
    return str(getattr(value, "name", value))


def _softmax(a: Arguments, name: str) -> Any:
    import keras

    return keras.layers.Softmax(axis=_constant(a.get("axis", -1)), name=name)(a["logits"])


def _pad(a: Arguments, name: str) -> Any | None:
    import keras

    if str(a.get("mode", "CONSTANT")).upper() != "CONSTANT":
        return None
    padding = tuple(tuple(pair) for pair in np.asarray(_constant(a["paddings"])).tolist())
    value = _constant(a.get("constant_values", 0))
    if len(padding) == 4 and value == 0 and padding[0] == padding[3] == (0, 0):
        return keras.layers.ZeroPadding2D(padding[1:3], name=name)(a["tensor"])
    return keras.ops.pad(a["tensor"], padding, constant_values=value)


def _resize(a: Arguments, name: str) -> Any | None:
    import keras

    if {"preserve_aspect_ratio", "antialias"} & {key for key, value in a.items() if value is True}:
        return None
    size, method = _constant(a["size"]), _constant(a.get("method", "bilinear"))
    if not all(isinstance(value, int) for value in size) or method not in ("bilinear", "nearest"):
        return None
    return keras.layers.Resizing(*size, interpolation=method, name=name)(a["images"])


def _depth_to_space(a: Arguments, name: str) -> Any | None:
    import keras

    x = a["input"]
    if str(a.get("data_format", "NHWC")) != "NHWC" or not hasattr(keras.ops, "depth_to_space"):
        return None
    return keras.ops.depth_to_space(x, _constant(a["block_size"]), data_format="channels_last")


def _split(a: Arguments, name: str) -> Any:
    import keras

    parts = _constant(a["num_or_size_splits"])
    at = parts if isinstance(parts, int) else tuple(int(n) for n in np.cumsum(parts)[:-1])
    return list(keras.ops.split(a["value"], at, axis=_constant(a.get("axis", 0))))


def _ops(function: str, *names: str) -> Callable[[Arguments, str], Any]:
    """The function of `keras.ops` on these arguments in this order, constants made plain."""

    def call(a: Arguments, name: str) -> Any:
        import keras

        values = [a[key] for key in names if key in a]
        given = [v if _is_symbolic(v) or _holds_tensors(v) else _constant(v) for v in values]
        return getattr(keras.ops, function)(*given)

    return call


def _holds_tensors(value: Any) -> bool:
    return isinstance(value, (list, tuple)) and any(_is_symbolic(item) for item in value)


_OTHERS: dict[str, Callable[[Arguments, str], Any]] = {
    "concat": _concat,
    "reshape": _reshape,
    "transpose": _transpose,
    "one_hot": _one_hot,
    "nn.softmax": _softmax,
    "pad": _pad,
    "image.resize": _resize,
    "nn.depth_to_space": _depth_to_space,
    "split": _split,
    "expand_dims": _ops("expand_dims", "input", "axis"),
    "squeeze": _ops("squeeze", "input", "axis"),
    "stack": _ops("stack", "values", "axis"),
    "tile": _ops("tile", "input", "multiples"),
    "clip_by_value": _ops("clip", "t", "clip_value_min", "clip_value_max"),
    "nn.bias_add": _ops("add", "value", "bias"),
    "nn.leaky_relu": lambda a, name: _leaky(a, name),
    "nn.gelu": lambda a, name: _gelu(a),
    "cast": lambda a, name: _cast(a),
}


def _leaky(a: Arguments, name: str) -> Any:
    import keras

    slope = float(_constant(a.get("alpha", 0.2)))
    return keras.layers.LeakyReLU(negative_slope=slope, name=name)(a["features"])


def _gelu(a: Arguments) -> Any:
    import keras

    return keras.ops.gelu(a["features"], approximate=bool(a.get("approximate", False)))


def _cast(a: Arguments) -> Any:
    import keras

    return keras.ops.cast(a["x"], _dtype(a["dtype"]))
