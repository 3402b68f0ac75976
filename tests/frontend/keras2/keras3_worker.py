"""Keras 2 models made here or found in the corpus, brought over. See `cases_worker.py`."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf
import tf_keras as k2

from edgekit.frontend.keras2.to_keras3 import to_keras3
from edgekit.frontend.load import keras_model
from edgekit.frontend.load.load import load

STRICT = True

L = k2.layers


def _shaken(model: Any) -> Any:
    """Statistics and biases that are not those of a new layer."""
    rng = np.random.default_rng(0)
    model.set_weights(
        [
            rng.uniform(0.5, 1.5, w.shape) if "variance" in v.name else rng.normal(0, 0.3, w.shape)
            for v, w in zip(model.weights, model.get_weights(), strict=True)
        ]
    )
    return model


def plain() -> Any:
    x = image = k2.Input((12, 12, 3), name="image")
    x = L.Conv2D(8, 3, padding="same", use_bias=False, name="block/conv")(x)
    x = L.BatchNormalization(axis=[3], name="block/norm")(x)
    x = L.ReLU(6.0)(x)
    x = L.DepthwiseConv2D(3, padding="same", strides=2)(x)
    x = L.Dropout(0.5)(L.PReLU(shared_axes=[1, 2])(x))
    x = L.GlobalAveragePooling2D(keepdims=True)(L.SeparableConv2D(6, 3)(x))
    return k2.Model(image, L.Dense(4, activation="softmax", name="out")(L.Flatten()(x)))


def functions() -> Any:
    a = k2.Input((8, 6), name="a")
    b = k2.Input((8, 6), name="b")
    x = tf.nn.relu(a + b) * 2.0 - tf.reduce_mean(a, axis=1, keepdims=True)
    y = tf.concat([x, b[:, ::-1]], axis=-1)
    y = tf.transpose(tf.reshape(y, [-1, 4, 24]), [0, 2, 1])
    y = tf.clip_by_value(y / 3.0, -0.9, 0.9) + tf.sigmoid(tf.square(y)) - 1 + tf.abs(-y)
    z = tf.pad(tf.expand_dims(y, -1), [[0, 0], [1, 1], [0, 2], [0, 0]])
    left, right = tf.split(z, 2, axis=1)
    left = tf.image.resize(tf.nn.leaky_relu(left, alpha=0.1), (10, 5))
    right = tf.image.resize(tf.maximum(right, 0.1), (10, 5), method="nearest")
    return k2.Model([a, b], [tf.squeeze(left * right, -1), tf.nn.softmax(x)])


def nested() -> Any:
    shared = k2.Sequential([L.Dense(5, activation="tanh"), L.Dense(4)], name="tower")
    shared.build((None, 6))
    deeper = k2.Sequential([k2.Input((6,)), shared, L.LayerNormalization()], name="deeper")
    a, b = k2.Input((6,), name="a"), k2.Input((6,), name="b")
    joined = L.Concatenate()([deeper(a), deeper(b), shared(a)])
    return k2.Model({"b": b, "a": a}, L.Dense(2, name="out")(joined))


def recurrent() -> Any:
    ids = k2.Input((9,), dtype="int32", name="ids")
    x = L.Embedding(20, 8, mask_zero=True)(ids)
    x = L.Bidirectional(L.LSTM(5, return_sequences=True))(x)
    x = L.RNN([L.GRUCell(4), L.LSTMCell(3)], return_sequences=True)(x)
    x = L.TimeDistributed(L.Dense(3))(x)
    x = L.MultiHeadAttention(2, 4)(x, x)
    return k2.Model(ids, L.GRU(4, reset_after=False, name="out")(x))


class Doubled(L.Layer):
    """What only its author has."""

    def call(self, x: Any) -> Any:
        return 2 * x


def custom() -> Any:
    return k2.Sequential([k2.Input((3,)), L.Dense(2), Doubled(name="mine")])


def unknown_function() -> Any:
    x = k2.Input((4, 4))
    return k2.Model(x, tf.linalg.band_part(x, 1, 1))


def time_major() -> Any:
    x = k2.Input((4, 3))
    return k2.Model(x, L.LSTM(2, time_major=True, return_sequences=True, name="turned")(x))


class Code(k2.Model):
    """A model whose graph is a method."""

    def __init__(self) -> None:
        super().__init__()
        self.dense = L.Dense(2)

    def call(self, x: Any) -> Any:
        return self.dense(x)


def subclassed() -> Any:
    model = Code()
    model(np.zeros((1, 3), np.float32))
    return model


def wrong() -> Any:
    """A layer whose Keras 3 namesake computes something else: only the proof can tell."""
    model = plain()

    class ReLU(L.Layer):
        def call(self, x: Any) -> Any:
            return tf.nn.relu(x) + 0.01

    ReLU.__module__ = "tf_keras.layers"
    x = k2.Input((3,))
    del model
    return k2.Model(x, ReLU()(x))


def _told(model: Any) -> dict[str, Any]:
    flat = model._flatten_layers(include_self=False)
    return {
        "keras3": isinstance(model, keras.Model),
        "name": model.name,
        "layers": [layer.name for layer in model.layers],
        "classes": sorted({type(layer).__name__ for layer in flat}),
        "inputs": [tensor.name for tensor in model.inputs],
        "trainable": all(layer.trainable for layer in flat),
        "parameters": model.count_params(),
    }


def made(name: str, frozen: bool = False) -> dict[str, Any]:
    builder: Callable[[], Any] = globals()[name]
    original = builder()
    if name != "subclassed":
        _shaken(original)
    if frozen:
        original.layers[2].trainable = False
    loaded = keras_model.wrap_keras2(original)
    told = _told(to_keras3(loaded, Path("nowhere")))
    told["still_frozen"] = not original.layers[2].trainable if frozen else None
    return told


def agreement(name: str) -> float:
    """How near the copy is on inputs that the proof did not see, in dB; the worst output."""
    loaded = keras_model.wrap_keras2(_shaken(globals()[name]()))
    model = keras_model.wrap_keras3(to_keras3(loaded, Path("nowhere")))
    rng = np.random.default_rng(7)
    inputs = {
        s.name: rng.integers(0, 20, (5, *s.shape[1:]))
        if "int" in s.dtype
        else 3 * rng.normal(size=(5, *s.shape[1:]))
        for s in loaded.inputs
    }
    pairs = zip(loaded.predict(inputs).values(), model.predict(inputs).values(), strict=True)
    worst = np.inf
    for a, b in pairs:
        noise = np.sum((a.astype(np.float64) - b) ** 2)
        worst = min(worst, 10 * np.log10(np.sum(a.astype(np.float64) ** 2) / max(noise, 1e-30)))
    return float(worst)


def file(path: str) -> dict[str, Any]:
    loaded = load(Path(path))
    model = to_keras3(loaded, Path(path))
    with tempfile.TemporaryDirectory() as folder:  # what came out is saved like any other
        kept = Path(folder) / "model.keras"
        model.save(kept)
        assert keras.models.load_model(kept, compile=False).count_params() == model.count_params()
    return {**_told(model), "same": model is loaded.model, "kind": loaded.kind}


def saved(name: str, kind: str) -> dict[str, Any]:
    """A model in a SavedModel: with Keras 2's description, or the graph alone."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "model"
        model = _shaken(globals()[name]())
        if kind == "keras":
            model.save(folder)
        else:
            model.export(folder)
        return file(str(folder))


def keras3_file() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.keras"
        keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)]).save(path)
        return file(str(path))
