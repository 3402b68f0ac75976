"""What TensorFlow and both Keras offer, and honest models of it. See `cases_worker.py`."""

from __future__ import annotations

import inspect
import json
import math
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras as k2
from tensorflow.python.util import tf_export
from tf_keras.protobuf.saved_metadata_pb2 import SavedMetadata
from tf_keras.src.layers import serialization

from edgekit.core.errors import EdgekitError, UnsafeModelError
from edgekit.frontend.load.load import load
from edgekit.frontend.trust.allowed_symbols import FUNCTIONS
from edgekit.frontend.trust.check_config import check
from edgekit.frontend.trust.saved_metadata import check_metadata

K = k2.backend
SHAPE = (8, 6, 4)


def names() -> dict[str, list[str]]:
    """Every name that Keras 2 can look up in TensorFlow, with the parameters behind it."""
    return {name: _parameters(value) for name, value in _exported().items()}


def _exported() -> dict[str, Any]:
    return dict(tf_export._NAME_TO_SYMBOL_MAPPING)


def _parameters(value: Any) -> list[str]:
    try:
        return list(inspect.signature(value).parameters)
    except (TypeError, ValueError):
        return []


def members(symbol: str) -> list[str]:
    """The names of what a class of TensorFlow has."""
    return dir(_exported()[symbol])


def operators() -> list[str]:
    """Every operator of a graph."""
    return [name for name in dir(tf.raw_ops) if not name.startswith("_")]


def operators_in_bytes() -> list[str]:
    """Those of them that are let through where a file names them in a protobuf's bytes."""
    passed = []
    for name in operators():
        config = {"name": "z", "node_def": f"\n\x01z\x12{chr(len(name))}{name}"}
        try:
            check({"class_name": "TensorFlowOpLayer", "config": config}, lambda _: None)
        except UnsafeModelError:
            continue
        passed.append(name)
    return passed


def classes() -> dict[str, list[str]]:
    """Every class that a file of either Keras can name, by where it is looked up."""
    serialization.populate_deserializable_objects()
    found = {"tf_keras": sorted(serialization.LOCAL.ALL_OBJECTS)}
    for package in (keras, k2):
        for module in ("layers", "initializers", "regularizers", "constraints"):
            public = vars(getattr(package, module))
            found[f"{package.__name__}.{module}"] = [
                name for name, value in public.items() if inspect.isclass(value)
            ]
    found["keras.ops"] = sorted({kind.__name__ for kind in _operations()})
    return found


def _operations() -> Iterator[type]:
    pending = [keras.Operation]
    while pending:
        kind = pending.pop()
        pending.extend(kind.__subclasses__())
        if kind.__module__.startswith("keras.src.ops."):
            yield kind


def modules(kind: str) -> list[str]:
    """Where the serializers of both Keras say that a layer comes from."""
    layer = {"keras": keras, "tf_keras": k2}
    return [
        package.saving.serialize_keras_object(getattr(package.layers, kind)())["module"]
        for package in layer.values()
    ]


# Honest models: one function between two layers.


def _audio(x: Any) -> Any:
    return tf.reshape(x, [-1, math.prod(SHAPE)])


EXPRESSIONS: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda x: (x + 1) * 2 - x / 3 + (-x) ** 2 - abs(x) + x // 2 + x % 3,
    "reflected": lambda x: 1 - (2 / (x * x + 1)) + 3 * x,
    "comparison": lambda x: tf.cast((x > 0) & (x <= 2) | ~tf.not_equal(x, 1.0), tf.float32),
    "operators": lambda x: tf.matmul(x @ tf.transpose(x, [0, 1, 3, 2]), x),
    "slices": lambda x: x[:, 1:-1, ::2, tf.newaxis, 0] * x[:, 2:, 3:, -1:],
    "activations": lambda x: tf.nn.softmax(tf.nn.relu6(x) + tf.nn.gelu(x) + tf.nn.swish(x)),
    "leaky": lambda x: tf.nn.leaky_relu(tf.nn.elu(x) + tf.nn.selu(x), alpha=0.1),
    "softplus": lambda x: tf.math.softplus(x) + tf.math.log_sigmoid(x) + tf.nn.log_softmax(x),
    "shapes": lambda x: tf.squeeze(tf.expand_dims(tf.reshape(x, [-1, 6, 32]), 1), axis=1),
    "join": lambda x: tf.concat([tf.stack([x, x], 1), tf.tile(x[:, None], [1, 3, 1, 1, 1])], 1),
    "split": lambda x: tf.add_n(tf.split(x, 2, axis=-1)) + tf.unstack(x, axis=3)[0][..., None],
    "pad": lambda x: tf.pad(tf.pad(x, [[0, 0], [1, 1], [2, 0], [0, 0]]), [[0, 0]] * 4, "REFLECT"),
    "reduce": lambda x: tf.reduce_mean(x, [1, 2]) + tf.math.reduce_std(x, [1, 2]) * 2.0,
    "reduce_more": lambda x: tf.reduce_sum(x, 1, keepdims=True) + tf.reduce_max(x, 1)[:, None],
    "choice": lambda x: tf.where(x > 0, x, tf.zeros_like(x)) + tf.clip_by_value(x, -1.0, 1.0),
    "ids": lambda x: tf.one_hot(tf.argmax(x, -1), 4) + tf.gather(x, [1, 0, 3, 2], axis=-1),
    "top": lambda x: tf.math.top_k(x, 2)[0] + tf.sort(x, direction="DESCENDING")[..., :2],
    "einsum": lambda x: tf.einsum("bhwc,bhvc->bhwv", x, x) + tf.einsum("...ij,...kj->...ik", x, x),
    "norm": lambda x: tf.math.l2_normalize(x, -1) + tf.norm(x, axis=-1, keepdims=True),
    "moments": lambda x: x - tf.nn.moments(x, [1, 2], keepdims=True)[0],
    "resize": lambda x: tf.image.resize(x, (4, 4)) + tf.image.resize(x, [4, 4], method="nearest"),
    "colour": lambda x: tf.image.rgb_to_grayscale(tf.image.flip_left_right(x[..., :3])),
    "blocks": lambda x: tf.nn.space_to_depth(tf.nn.depth_to_space(x, 2), 2),
    "pool": lambda x: tf.nn.max_pool2d(x, 2, 2, "SAME") + tf.nn.avg_pool2d(x, 2, 2, "SAME"),
    "convolution": lambda x: tf.nn.conv2d(x, np.ones((3, 3, 4, 2), "float32"), 1, "VALID"),
    "spectrum": lambda x: tf.abs(tf.signal.stft(_audio(x), 64, 32)),
    "transform": lambda x: tf.abs(tf.signal.fft(tf.cast(_audio(x), tf.complex64))),
    "frames": lambda x: tf.signal.frame(_audio(x), 32, 16),
    "cumulative": lambda x: tf.cumsum(x, axis=1, exclusive=True) + tf.math.cumprod(x, 1),
    "logic": lambda x: tf.cast(tf.logical_or(tf.equal(x, 0.0), tf.math.is_nan(x)), "float32"),
    "dynamic": lambda x: tf.reshape(x, [tf.shape(x)[0], -1]) + tf.cast(tf.size(x), tf.float32),
    "quantized": lambda x: tf.quantization.fake_quant_with_min_max_args(x, -1.0, 1.0),
    "segments": lambda x: tf.reverse(tf.roll(x, 1, axis=1), [2]) + tf.linalg.band_part(x, 1, 0),
    "backend": lambda x: K.sum(K.relu(x), 1) + K.mean(K.square(x), 1) + K.max(K.abs(x), axis=1),
    "backend_shapes": lambda x: K.permute_dimensions(K.reshape(x, (-1, 6, 32)), (0, 2, 1)),
    "backend_join": lambda x: K.concatenate([K.softmax(x), K.sigmoid(x), K.tanh(x)]),
    "backend_clip": lambda x: K.clip(K.exp(x), 0.1, 2.0) + K.pow(x, 2) + K.l2_normalize(x, -1),
    "backend_image": lambda x: K.resize_images(x, 2, 2, "channels_last", "bilinear"),
    "loss": lambda x: k2.losses.cosine_similarity(x, x * 2) + k2.losses.mean_squared_error(x, -x),
    "keras": lambda x: k2.activations.gelu(x) + k2.activations.softmax(k2.activations.relu(x)),
    "old": lambda x: tf.compat.v1.transpose(tf.compat.v1.where(x > 0, x, -x), [0, 2, 1, 3]),
}


def expressions() -> list[str]:
    """The names of the honest models."""
    return list(EXPRESSIONS)


def loads(name: str, ending: str, folder: str) -> float | None:
    """How far a model of one expression, saved and loaded, is from the original.

    None where tf_keras itself cannot save it so, or cannot run what it saved (`...` in `.keras`).
    """
    x = k2.Input(SHAPE, name="x")
    model = k2.Model(x, EXPRESSIONS[name](x))
    path = Path(folder, f"{name}{ending}")
    values = np.random.default_rng(0).uniform(0.1, 2.0, (3, *SHAPE)).astype(np.float32)
    expected = np.asarray(model(values), np.float64)
    try:
        model.save(path)
        k2.models.load_model(path, compile=False)(values)
    except Exception:
        return None
    got = next(iter(load(path).predict({"x": values}, batch_size=3).values()))
    return float(np.max(np.abs(got.astype(np.float64) - expected)))


def saved_description(folder: str, gadgets: dict[str, Any], metric: str) -> dict[str, str]:
    """What is said of an honest SavedModel, and of one with each gadget in its description."""
    x = k2.Input((4,), name="x")
    model = k2.Model(x, k2.layers.Dense(3, kernel_regularizer="l2")(tf.nn.relu(x) * 2.0))
    model.compile("adam", "mse", metrics=["mae"])
    model.save(folder, save_format="tf")
    file = Path(folder, "keras_metadata.pb")
    honest = file.read_bytes()
    said = {"honest": _description(folder)}
    for name, gadget in gadgets.items():
        for kind in ("_tf_keras_layer", "_tf_keras_metric"):
            content = SavedMetadata.FromString(honest)
            text = json.dumps({**gadget, "class_name": metric} if "metric" in kind else gadget)
            content.nodes.add(node_id=99, node_path="z", identifier=kind, metadata=text)
            file.write_bytes(content.SerializeToString())
            said[f"{name}, {kind}"] = _description(folder)
    file.write_bytes(honest[:-9])
    said["cut"] = _description(folder)
    return said


def _description(folder: str) -> str:
    try:
        check_metadata(Path(folder), unsafe=False)
    except EdgekitError as error:
        return str(error)
    return ""


def listed_functions(folder: str) -> dict[str, Any]:
    """Models of every listed function that takes one or two tensors: loaded, and what failed."""
    exported = _exported()
    functions = {name: exported[name] for name in sorted(FUNCTIONS)}
    return _load_calls(k2, functions, Path(folder, "model.h5"))


def operations3(folder: str) -> dict[str, Any]:
    """Models of every operation of Keras 3 that takes one or two tensors."""
    functions = {k: v for k, v in vars(keras.ops).items() if inspect.isfunction(v)}
    return _load_calls(keras, functions, Path(folder, "model.keras"))


def _load_calls(package: Any, functions: dict[str, Any], path: Path) -> dict[str, Any]:
    models = {name: _calls(package, function) for name, function in functions.items()}
    results = {
        name: _loads_as_keras_does(package, model, path)
        for name, model in models.items()
        if model is not None
    }
    return _sorted(results)


def _loads_as_keras_does(package: Any, model: Any, path: Path) -> str | None:
    """What edgekit says of a model that its own Keras reads back; "" where it loads."""
    try:
        model.save(path)
        package.models.load_model(path, compile=False)
    except Exception:
        return None  # Keras itself does not save it so, or cannot read what it saved
    try:
        load(path)
    except Exception as error:
        return str(error)
    return ""


def _sorted(results: dict[str, str | None]) -> dict[str, Any]:
    return {
        "loaded": [name for name, said in results.items() if said == ""],
        "failed": {name: said for name, said in results.items() if said},
    }


def _calls(package: Any, function: Callable[..., Any]) -> Any | None:
    x = package.Input(SHAPE, name="x")
    for arguments in ((x,), (x, x), (x, 1), ([x, x],), ([x, x], 1)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                y = function(*arguments)
                return package.Model(x, y) if hasattr(y, "dtype") else None
        except Exception:
            continue
    return None


def layers(version: int, folder: str) -> dict[str, Any]:
    """Models of every layer that needs no more than a number or two."""
    package = {2: k2, 3: keras}[version]
    results = {}
    for name, kind in vars(package.layers).items():
        model = _of_layer(package, kind) if inspect.isclass(kind) else None
        for ending in (".keras", ".h5") if model is not None else ():
            path = Path(folder, f"model{ending}")
            results[f"{name}{ending}"] = _loads_as_keras_does(package, model, path)
    return _sorted(results)


def _of_layer(package: Any, kind: type) -> Any | None:
    for shape in (SHAPE, (8, 6), (8,), (4, *SHAPE)):
        for arguments in ((), (2,), (2, 3), (3, 2), ((2, 2),)):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    x = package.Input(shape, name="x")
                    return package.Model(x, kind(*arguments)(x))
            except Exception:
                continue
    return None
