"""Live models of both Keras, saved and exported in the process that made them."""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
from pathlib import Path
from typing import Any

import keras
import live_layers
import numpy as np
import tensorflow as tf
import tf_keras

import edgekit
from edgekit.core.errors import EdgekitError
from edgekit.core.process import silent
from edgekit.data.export_messages import DrawRequest, Exported, ExportRequest
from edgekit.data.samples import Samples
from edgekit.frontend.live import live_export, saved_copy
from edgekit.frontend.load import load

X = np.random.default_rng(0).normal(size=(16, 8)).astype(np.float32)


class Local(keras.layers.Layer):
    """No other process finds it."""

    def call(self, x: Any) -> Any:
        return x * 3.0


class Module(tf.Module):
    """Says what it takes."""

    def __init__(self) -> None:
        super().__init__()
        self.kernel = tf.Variable(X[:8, :4])

    @tf.function(input_signature=[tf.TensorSpec([1, 8], tf.float32, name="feat")])
    def __call__(self, x: Any) -> Any:
        return {"out": x @ self.kernel}


class Silent(tf.Module):
    """Does not."""

    def __call__(self, x: Any) -> Any:
        return x


def _sequential(*layers: Any) -> Any:
    return keras.Sequential([keras.Input((8,), name="feat"), *layers])


def _dense() -> Any:
    model = _sequential(keras.layers.Dense(4, "relu"), keras.layers.Dense(3, "softmax"))
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, np.zeros(len(X), int), verbose=0)
    return model


def _subclassed() -> Any:
    model = live_layers.Subclassed()
    model(X[:1])
    return model


def _stateful() -> Any:
    layers = [keras.Input(batch_shape=(1, 4, 8)), keras.layers.LSTM(3, stateful=True)]
    model = keras.Sequential([*layers, Local()])
    model(X[:4][None])
    return model


def _keras2(*layers: Any) -> Any:
    return tf_keras.Sequential([tf_keras.Input((8,), name="feat"), *layers])


class Local2(tf_keras.layers.Layer):
    """The same of Keras 2."""

    def call(self, x: Any) -> Any:
        return x * 3.0


MODELS = {
    "dense": _dense,
    "own": lambda: _sequential(
        keras.layers.Dense(4, live_layers.activation), live_layers.Scale(4.0)
    ),
    "forgetful": lambda: _sequential(keras.layers.Dense(4), live_layers.Forgetful(4.0)),
    "subclassed": _subclassed,
    "local": lambda: _sequential(keras.layers.Dense(4), Local()),
    "lambda": lambda: _sequential(keras.layers.Lambda(lambda x: tf.square(x))),
    "closed": lambda: _sequential(live_layers.Closed(object())),
    "keras2": lambda: _keras2(tf_keras.layers.Dense(4, "relu"), tf_keras.layers.Dense(3)),
    "keras2_local": lambda: tf_keras.Sequential(
        [tf_keras.Input((4, 8)), tf_keras.layers.LSTM(3), Local2()]
    ),
    "module": Module,
    "silent": Silent,
    "unbuilt": lambda: keras.Sequential([keras.layers.Dense(4)]),
    "class": lambda: keras.Sequential,
    "layer": lambda: keras.layers.Dense(4),
}


def save(name: str) -> dict[str, Any]:
    """A saved copy, what loads it again, and whether the model is as it was."""
    model = MODELS[name]()
    before = _fingerprint(model)
    hashes = []
    for _ in range(2):
        folder = Path(tempfile.mkdtemp())
        copy = saved_copy.save(model, folder, "m")
        content = copy.path.read_bytes() if copy.path.is_file() else b""
        hashes.append(hashlib.sha256(content).hexdigest())
    error = None
    if not copy.only_here:
        loaded = load.load(copy.path, unsafe=True, custom_objects=copy.custom_objects)
        outputs = loaded.predict({loaded.inputs[0].name: X[:1]})
        expected = model(X[:1])
        expected = expected["out"] if isinstance(expected, dict) else expected
        [found] = outputs.values()
        error = float(np.abs(found - np.asarray(expected)).max())
    return {
        "file": copy.path.name,
        "inputs": list(copy.inputs),
        "objects": copy.custom_objects is not None,
        "only_here": copy.only_here,
        "equal": len(set(hashes)) == 1,
        "unchanged": before == _fingerprint(model),
        "error": error,
    }


def _fingerprint(model: Any) -> list[Any]:
    variables = [] if isinstance(model, type) else list(getattr(model, "variables", ()))
    optimizer = getattr(model, "optimizer", None)
    values = [np.asarray(variable).tobytes().hex() for variable in variables]
    return [values, str(type(optimizer)), getattr(model, "trainable", None)]


def export_here(name: str) -> dict[str, Any]:
    """The float file of a model that no child could load, and what it computes."""
    model = MODELS[name]()
    library = "tf_keras" if name.startswith("keras2") else "keras"
    before = _fingerprint(model)
    request, exported = _export(model, library, Path(tempfile.mkdtemp()))
    return {
        "inputs": [list(spec.shape) for spec in exported.contract.inputs],
        "size": request.out.stat().st_size,
        "golden": len(Samples.load(request.draw.golden_out)),
        "unchanged": before == _fingerprint(model),
        "gpu_flag": [getattr(one, "_could_use_gpu_kernel", None) for one in model.layers][:1],
    }


def _export(model: Any, library: Any, folder: Path) -> tuple[ExportRequest, Exported]:
    draw = DrawRequest(
        golden_samples=2,
        calibration_samples=8,
        golden_out=folder / "golden.npz",
        calibration_out=folder / "calibration.npz",
        training_out=folder / "training.npz",
    )
    request = ExportRequest(model=folder, draw=draw, out=folder / "float.tflite")
    return request, live_export.export_here(model, library, request, silent)


def keep_state() -> bool:
    """Whether a stateful model has its state after it was run, whatever came of it."""
    model = _stateful()
    before = _fingerprint(model)
    with contextlib.suppress(EdgekitError):
        _export(model, "keras", Path(tempfile.mkdtemp()))
    return before == _fingerprint(model)


def check_copy(name: str) -> str:
    """What a child's copy is held against: the golden samples it computed."""
    model = MODELS[name]()
    folder = Path(tempfile.mkdtemp())
    copy = saved_copy.save(model, folder, "m")
    loaded = load.load(copy.path, unsafe=True, custom_objects=copy.custom_objects)
    inputs = {loaded.inputs[0].name: X[:4]}
    Samples(inputs=inputs, reference=loaded.predict(inputs)).save(folder / "golden.npz")
    live_export.check_copy(model, copy.library, folder / "golden.npz")
    return "equal"


def convert(name: str, recipe: str, data: str) -> dict[str, Any]:
    """A whole conversion of a live model, with samples that live here too."""
    model = MODELS[name]()
    before = _fingerprint(model)
    given = {
        "array": lambda: X,
        "dataset": lambda: tf.data.Dataset.from_tensor_slices((X, X[:, 0] > 0)).batch(5),
        "endless": lambda: tf.data.Dataset.from_tensor_slices(X).batch(5).repeat(),
        "generator": lambda: ({"feat": row} for row in X),
        "wrong": lambda: {"faet": X},
    }[data]()
    folder = Path(tempfile.mkdtemp())
    options = edgekit.ConvertOptions(recipes=(recipe,))
    made = edgekit.convert(model, output=folder, calibration=given, name="m", options=options)
    measured = edgekit.validate(made, data=(X, np.asarray(model(X)).argmax(-1)))
    return {
        "files": sorted(path.name for path in folder.iterdir()),
        "sqnr_db": made[0].reference_sqnr_db,
        "source": made[0].source_sha256,
        "golden": Samples.load(folder / "m.golden.npz").source,
        "unchanged": before == _fingerprint(model),
        "agreement": [one.metric("top1_accuracy").value for one in measured],
        "table": made._repr_html_()[:7] + measured._repr_html_()[-8:],
    }
