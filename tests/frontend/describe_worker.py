"""Small models, saved and described. See `cases_worker.py`."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tf_keras

from edgekit.core import serde
from edgekit.core.records import Preprocessing, TensorSpec
from edgekit.data.samples import Samples
from edgekit.frontend import describe

KERAS = {"keras3": keras, "keras2": tf_keras}


def _described(model: Any, ending: str = ".keras") -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"model{ending}"
        model.save(path)
        return described(path)


def described(path: Path, custom_objects: str | None = None) -> dict[str, Any]:
    """What `describe.run` returns, as it crosses to the parent."""
    source = describe.Source(model=path, unsafe=False, custom_objects=custom_objects)
    found: dict[str, Any] = serde.to_dict(describe.run(source, lambda line: None))
    return found


def image(kind: str, first: str, ending: str = ".keras") -> dict[str, Any]:
    """A model of images that begins with a scaling, or with none."""
    k = KERAS[kind]
    x = pixels = k.Input((8, 8, 3), name="pixels")
    if first == "resized":
        x = k.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(k.layers.Resizing(6, 6)(x))
    elif first == "divided":
        x = x / 127.5
    elif first == "halved":
        x = k.layers.Rescaling(0.5, name="scale")(x)
    elif first == "normalized":
        norm = k.layers.Normalization(mean=[110.0, 120.0, 130.0], variance=[4.0] * 3, name="scale")
        x = norm(x)
    elif first == "twice":
        x = k.layers.Rescaling(1 / 255)(x) + k.layers.Rescaling(1 / 127.5)(x)
    x = k.layers.Flatten()(k.layers.Conv2D(2, 3)(x))
    probabilities = k.layers.Dense(3, activation="softmax", name="probabilities")(x)
    return _described(k.Model(pixels, probabilities), ending)


def nested(kind: str) -> dict[str, Any]:
    """The scaling and the softmax lie in a model inside the model."""
    k = KERAS[kind]
    inner_in = k.Input((8, 8, 1), name="inner_in")
    x = k.layers.Flatten()(k.layers.Rescaling(1 / 255, name="scale")(inner_in))
    inner = k.Model(inner_in, k.layers.Softmax(name="shares")(k.layers.Dense(4)(x)))
    outer = k.Input((8, 8, 1), name="outer")
    return _described(k.Model(outer, inner(outer)))


def sequential(kind: str) -> dict[str, Any]:
    """A Sequential, which notes each call twice in Keras 3."""
    k = KERAS[kind]
    layers = [
        k.layers.InputLayer((4, 4, 1), name="pixels"),
        k.layers.Rescaling(1 / 255, name="scale"),
        k.layers.Flatten(),
        k.layers.Dense(1, activation="sigmoid", name="yes"),
    ]
    return _described(k.Sequential(layers))


def heads(kind: str) -> dict[str, Any]:
    """Two inputs, one of ids; three outputs, of which two tell their activation."""
    k = KERAS[kind]
    ids, row = k.Input((5,), dtype="int32", name="ids"), k.Input((4,), name="row")
    x = k.layers.Flatten()(k.layers.Embedding(17, 2)(ids))
    x = k.layers.Concatenate()([x, row])
    outputs = [
        k.layers.Dense(3, activation="sigmoid", name="tags")(x),
        k.layers.Dense(3, activation="tanh", name="angles")(x),
        k.layers.Activation("softmax", name="kind")(k.layers.Dense(2)(x)),
    ]
    return _described(k.Model([ids, row], outputs))


def answered() -> list[float]:
    """How far the answers to pixels scaled in three ways are from Keras' own arithmetic."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (5, 6, 6, 3)).astype(np.uint8)
    image = keras.Input((6, 6, 3), name="image")
    model = keras.Model(image, keras.layers.Dense(4)(keras.layers.Flatten()(image)))
    base = {"kind": "image", "size": [6, 6]}
    mean = np.array([100.0, 110.0, 120.0])
    ways = [
        (base, pixels.astype(np.float32)),
        ({**base, "mean": 127.5, "std": 127.5}, (pixels - np.float32(127.5)) / np.float32(127.5)),
        ({**base, "mean": mean.tolist(), "channels": "bgr"}, pixels[..., ::-1] - mean),
    ]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        model.save(place / "model.keras")
        Samples(inputs={"image": pixels}).save(place / "pixels.npz")
        request = describe.ScaledPixels(
            source=describe.Source(model=place / "model.keras", unsafe=False),
            input=TensorSpec(name="image", shape=(1, 6, 6, 3), dtype="float32"),
            ways=tuple(serde.from_dict(Preprocessing, way) for way, _ in ways),
            pixels=place / "pixels.npz",
            folder=place,
        )
        scaled = describe.run_scaled(request, lambda line: None)
        errors = []
        for file, (_, inputs) in zip(scaled.files, ways, strict=True):
            (got,) = Samples.load(file).reference.values()
            expected = model.predict(inputs.astype(np.float32), verbose=0)
            errors.append(float(np.abs(got - expected).max() / np.abs(expected).max()))
    return errors


def saved_model() -> dict[str, Any]:
    """A SavedModel tells names and shapes only."""
    pixels = keras.Input((8, 8, 3), name="pixels")
    answer = keras.layers.Dense(2, activation="softmax")(keras.layers.Flatten()(pixels))
    with tempfile.TemporaryDirectory() as folder:
        keras.Model(pixels, answer).export(folder, verbose=False)
        return described(Path(folder))


class Net(keras.Model):
    """A model that is a class."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(3, activation="softmax")

    def call(self, x: Any) -> Any:
        """Scores of three classes."""
        return self.dense(x)


OBJECTS = {"Net": Net}


def subclassed() -> dict[str, Any]:
    """Of a class nothing but shapes can be told, and it needs its code."""
    model = Net()
    model(np.zeros((1, 4), np.float32))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "net.keras"
        model.save(path)
        objects = f"{Path(__file__).stem}:OBJECTS"
        return described(path, objects)
