"""Build one small model of every kind that Keras writes, with its inputs and outputs.

Run as a program: `python load_models.py FOLDER`. Beside each model lies `NAME.npz` with
`in:INPUT` and `out:OUTPUT` arrays, as Keras itself computed them before saving.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

LAYERS = """
import {keras} as keras

class Scale(keras.layers.Layer):
    def __init__(self, factor=2.0, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor
    def call(self, x):
        return x * self.factor
    def get_config(self):
        return {{**super().get_config(), "factor": self.factor}}

def triple(x):
    return x * 3.0

@keras.saving.register_keras_serializable(package="edgekit_test")
class Net(keras.Model):
    def __init__(self, units=4, **kwargs):
        super().__init__(**kwargs)
        self.units = units
        self.dense = keras.layers.Dense(units, activation="tanh")
        self.head = keras.layers.Dense(3)
    def call(self, x, training=False):
        return self.head(self.dense(x))
    def get_config(self):
        return {{**super().get_config(), "units": self.units}}

class Pair(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(3)
    def call(self, parts):
        return {{"sum": self.dense(parts["u"]) + parts["v"], "v": parts["v"]}}

class TwoArguments(keras.Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.dense = keras.layers.Dense(3)
    def call(self, a, b):
        return self.dense(a) + b

OBJECTS = {{"Pair": Pair, "TwoArguments": TwoArguments, "Scale": Scale, "triple": triple}}
NUMBER = 3
"""


def _samples(rng: np.random.Generator, *shape: int) -> np.ndarray:
    return rng.normal(size=(6, *shape)).astype(np.float32)


def _keep(folder: Path, name: str, inputs: Mapping[str, Any], outputs: Mapping[str, Any]) -> None:
    arrays = {f"in:{key}": np.asarray(value) for key, value in inputs.items()}
    arrays |= {f"out:{key}": np.asarray(value) for key, value in outputs.items()}
    np.savez(folder / f"{name}.npz", **arrays)


def _conv(keras: Any, activation: str = "relu") -> Any:
    x = image = keras.Input((8, 8, 3), name="image")
    x = keras.layers.Conv2D(4, 3, name="conv")(x)
    x = keras.layers.BatchNormalization(name="norm")(x)
    x = keras.layers.Activation(activation, name="act")(x)
    x = keras.layers.DepthwiseConv2D(3, name="depthwise")(x)
    x = keras.layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(image, keras.layers.Dense(3, name="scores")(x), name="conv_net")


def _train_a_step(model: Any, x: Any, y: Any) -> None:
    # Moves the statistics of batch normalization off their initial values.
    model.compile("adam", "mse")
    model.fit(x, y, epochs=2, verbose=0)


def build_both(keras: Any, folder: Path, prefix: str, endings: tuple[str, ...]) -> None:
    """Models that both Keras can make, saved under every ending."""
    rng = np.random.default_rng(1)
    made: dict[str, tuple[Any, dict[str, np.ndarray], list[str]]] = {}

    model = _conv(keras)
    x = _samples(rng, 8, 8, 3)
    _train_a_step(model, x, _samples(rng, 3))
    made["conv"] = (model, {"image": x}, ["scores"])

    nested = _conv(keras)
    tall = keras.Input((10, 10, 3), name="tall")
    out = nested(keras.layers.Cropping2D(1, name="crop")(tall))
    made["nested"] = (
        keras.Model(tall, keras.layers.Softmax(name="probabilities")(out), name="nested_net"),
        {"tall": _samples(rng, 10, 10, 3)},
        ["probabilities"],
    )

    left, right = keras.Input((4,), name="zebra"), keras.Input((5,), name="ant")
    joined = keras.layers.Concatenate(name="join")([left, right])
    shared = keras.layers.Dense(2, name="head")
    made["heads"] = (
        keras.Model(
            [left, right],
            [shared(joined), shared(keras.layers.Rescaling(0.5, name="half")(joined))],
            name="two_heads",
        ),
        {"zebra": _samples(rng, 4), "ant": _samples(rng, 5)},
        ["head", "head_1"],
    )

    ids = keras.Input((7,), dtype="int32", name="ids")
    x = keras.layers.Reshape((7, 1), name="split")(ids)
    x = keras.layers.Reshape((7,), name="merge")(x)
    x = keras.layers.Embedding(11, 4, name="table")(x)
    x = keras.layers.LSTM(5, name="memory")(x)
    made["text"] = (
        keras.Model(ids, keras.layers.Dense(2, name="sentiment")(x), name="text_net"),
        {"ids": rng.integers(0, 11, (6, 7)).astype(np.int32)},
        ["sentiment"],
    )

    made["sequential"] = (
        keras.Sequential(
            [
                keras.layers.InputLayer((6,), name="features"),
                keras.layers.Dense(4, activation="relu", name="hidden"),
                keras.layers.Dense(2, name="out"),
            ],
            name="stack",
        ),
        {"features": _samples(rng, 6)},
        ["out"],
    )

    for name, (model, inputs, outputs) in made.items():
        several = [inputs[t.name.split(":")[0]] for t in model.inputs]
        values = model(several if len(several) > 1 else several[0], training=False)
        values = values if isinstance(values, (list, tuple)) else [values]
        for ending in endings:
            model.save(folder / f"{prefix}_{name}{ending}")
        _keep(folder, f"{prefix}_{name}", inputs, dict(zip(outputs, values, strict=True)))


def build_odd(keras: Any, folder: Path, prefix: str, layers: Any) -> None:
    """Models that are refused, or that need help, in the formats of one Keras."""
    rng = np.random.default_rng(2)
    x = _samples(rng, 4)
    here = keras.Input((4,), name="x")
    custom = keras.Model(here, keras.layers.Dense(2, name="y")(layers.Scale(3.0)(here)))
    inner = keras.Model(here, keras.layers.Lambda(lambda t: t * 2.0, name="twice")(here))
    outer = keras.Input((4,), name="x")
    hidden = keras.Model(outer, keras.layers.Dense(2, name="y")(inner(outer)))
    named = keras.Model(here, keras.layers.Lambda(layers.triple, name="y")(here))
    acted = keras.Model(here, keras.layers.Dense(2, activation=layers.triple, name="y")(here))
    for ending in (".keras", ".h5"):
        for name, model in {
            "custom": custom,
            "lambda": hidden,
            "named": named,
            "activation": acted,
        }.items():
            model.save(folder / f"{prefix}_{name}{ending}")
            _keep(folder, f"{prefix}_{name}", {"x": x}, {"y": model(x)})
    called = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2, name="y")])
    called(x)
    for ending in (".keras", ".h5"):
        called.save(folder / f"{prefix}_called{ending}")
    # Keras names the input when it reads the file: no samples are kept by name.
    net = layers.Net()
    _keep(folder, f"{prefix}_subclassed", {"x": x}, {"output": net(x)})
    net.save(folder / f"{prefix}_subclassed.keras")
    custom.save_weights(folder / f"{prefix}.weights.h5")
    if prefix == "k2":
        custom.save_weights(str(folder / "k2_checkpoint" / "net"))

    keras.mixed_precision.set_global_policy("mixed_float16")
    try:
        model = _conv(keras)
    finally:
        keras.mixed_precision.set_global_policy("float32")
    for ending in (".keras", ".h5"):
        model.save(folder / f"{prefix}_mixed{ending}")
    # Expected in float32: the same weights in a model that was never mixed.
    full = _conv(keras)
    full.set_weights(model.get_weights())
    image = _samples(rng, 8, 8, 3)
    _keep(folder, f"{prefix}_mixed", {"image": image}, {"scores": full(image, training=False)})


def build_keras3(keras: Any, folder: Path) -> None:
    """What only Keras 3 writes."""
    rng = np.random.default_rng(3)
    x = keras.Input((4,), name="x")
    model = keras.Model(
        {"x": x}, {"digit": keras.layers.Dense(3)(x), "angle": keras.layers.Dense(1)(x)}
    )
    data = _samples(rng, 4)
    model.save(folder / "k3_dict.keras")
    _keep(folder, "k3_dict", {"x": data}, model({"x": data}))
    import my_layers3

    parts = {"u": data, "v": _samples(rng, 3)}
    pair = my_layers3.Pair()
    _keep(folder, "k3_pair", parts, pair(parts))
    pair.save(folder / "k3_pair.keras")
    two = my_layers3.TwoArguments()
    two(data, _samples(rng, 3))
    two.save(folder / "k3_two_arguments.keras")
    ids = keras.Input((7,), dtype="int32", name="ids")
    masked = keras.layers.Embedding(11, 4, mask_zero=True)(ids)
    masked = keras.layers.GRU(3, name="state")(masked)
    model = keras.Model(ids, masked)
    tokens = rng.integers(0, 11, (6, 7))
    model.save(folder / "k3_masked.h5")
    _keep(folder, "k3_masked", {"ids": tokens}, {"state": model(tokens)})
    conv = _conv(keras)
    conv.save(folder / "k3_unzipped.keras_folder", zipped=False)
    image = _samples(rng, 8, 8, 3)
    _keep(folder, "k3_unzipped", {"image": image}, {"scores": conv(image)})
    conv.export(str(folder / "k3_export"), verbose=False)
    _keep(folder, "k3_export", {"image": image}, {"output_0": conv(image)})
    never = keras.Sequential([keras.layers.Dense(3), keras.layers.Dense(2)])
    never.save(folder / "k3_unbuilt.keras")


def build_saved_models(folder: Path) -> None:
    """SavedModels of Keras 2, with a fixed batch, with two signatures, with a file read."""
    import tensorflow as tf
    import tf_keras

    rng = np.random.default_rng(4)
    model = _conv(tf_keras)
    image = _samples(rng, 8, 8, 3)
    model.save(folder / "k2_saved", save_format="tf")
    _keep(folder, "k2_saved", {"image": image}, {"scores": model(image)})

    class Table(tf.Module):
        def __init__(self) -> None:
            super().__init__()
            self.rows = tf.Variable(rng.normal(size=(9, 2)).astype(np.float32))

        @tf.function(input_signature=[tf.TensorSpec((4, 3), tf.int64, name="ids")])
        def look_up(self, ids: Any) -> Any:
            return {"found": tf.gather(self.rows, ids)}

    class Reader(tf.Module):
        @tf.function(input_signature=[tf.TensorSpec((), tf.string, name="path")])
        def read(self, path: Any) -> Any:
            return {"content": tf.io.read_file(path)}

    table = Table()
    ids = rng.integers(0, 9, (6, 3))
    tf.saved_model.save(table, str(folder / "fixed"), signatures={"mine": table.look_up})
    _keep(folder, "fixed", {"ids": ids}, {"found": tf.gather(table.rows, ids)})
    two = {"one": table.look_up, "two": table.look_up}
    tf.saved_model.save(table, str(folder / "two_signatures"), signatures=two)
    reader = Reader()
    tf.saved_model.save(reader, str(folder / "reads"), signatures={"serve": reader.read})


def build_tfjs(folder: Path) -> None:
    """A layers model in float32, in uint8 and in float16, as the converter writes them."""
    import tf_keras

    model = _conv(tf_keras)
    x = _samples(np.random.default_rng(5), 8, 8, 3)
    for name, dtype in (("tfjs", None), ("tfjs_uint8", "uint8"), ("tfjs_float16", "float16")):
        entries, content, restored = [], b"", []
        for variable in model.weights:
            value = variable.numpy()
            entry = {"name": variable.name[:-2], "shape": list(value.shape), "dtype": "float32"}
            if dtype == "uint8":
                low, scale = float(value.min()), float(np.ptp(value) / 255) or 1.0
                codes = np.round((value - low) / scale).astype(np.uint8)
                entry["quantization"] = {"dtype": dtype, "min": low, "scale": scale}
                value = (codes * scale + low).astype(np.float32)
            elif dtype == "float16":
                codes = value.astype(np.float16)
                entry["quantization"] = {"dtype": dtype}
                value = codes.astype(np.float32)
            else:
                codes = value
            entries.append(entry)
            restored.append(value)
            content += codes.tobytes()
        target = folder / name
        target.mkdir()
        half = len(content) // 2 + 1  # a weight may lie across two shards
        (target / "group1-shard1of2.bin").write_bytes(content[:half])
        (target / "group1-shard2of2.bin").write_bytes(content[half:])
        paths = ["group1-shard1of2.bin", "group1-shard2of2.bin"]
        topology = {"keras_version": "2.15.0", "model_config": json.loads(model.to_json())}
        manifest = [{"paths": paths, "weights": entries}]
        payload = {
            "format": "layers-model",
            "generatedBy": "keras v2.15.0",
            "modelTopology": topology,
            "weightsManifest": manifest,
        }
        (target / "model.json").write_text(json.dumps(payload))
        copy = tf_keras.models.clone_model(model)
        copy.set_weights(restored)
        _keep(folder, name, {"image": x}, {"scores": copy(x, training=False)})


def main(folder: Path) -> None:
    """Build everything."""
    import importlib

    import keras
    import tf_keras

    for name, library in (("my_layers3", keras), ("my_layers2", tf_keras)):
        (folder / f"{name}.py").write_text(LAYERS.format(keras=library.__name__))
    sys.path.insert(0, str(folder))
    for prefix, library in (("k3", keras), ("k2", tf_keras)):
        library.utils.set_random_seed(7)
        build_both(library, folder, prefix, (".keras", ".h5"))
        build_odd(library, folder, prefix, importlib.import_module(f"my_layers{prefix[1]}"))
    build_keras3(keras, folder)
    build_saved_models(folder)
    build_tfjs(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
