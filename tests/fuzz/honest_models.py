"""One honest trained network in every container that Keras writes. Needs TensorFlow: in a child."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

FORMATS = ("keras2_h5", "keras2_zip", "keras3_h5", "keras3", "saved_model", "tfjs", "tfjs_graph")


def make(request: Mapping[str, Any], report: Callable[[str], None]) -> None:
    """Write a folder for each of `FORMATS` into `folder`."""
    import keras
    import numpy as np
    import tensorflow as tf
    import tf_keras

    from tests.frontend.load import tfjs_writer

    folder = Path(request["folder"])
    for name in FORMATS:
        (folder / name).mkdir()
    two, three = _network(tf_keras, old=True), _network(keras, old=False)
    two.save(folder / "keras2_h5" / "m.h5")
    two.save(folder / "keras2_zip" / "m.keras")
    three.save(folder / "keras3_h5" / "m.h5")
    three.save(folder / "keras3" / "m.keras")
    # Without the loop, whose functions take seconds to load.
    plain = _network(tf_keras, old=True, loop=False)
    tf.saved_model.save(plain, str(folder / "saved_model" / "m"))
    _write_tfjs(two, folder / "tfjs" / "m")
    graph, _ = tfjs_writer.fused_graph(np.random.default_rng(0))
    tfjs_writer.write(folder / "tfjs_graph" / "m", graph)


def _network(keras: Any, *, old: bool, loop: bool = True) -> Any:
    """A little of everything: convolution, a norm, a nested model, a loop, arithmetic."""
    layers = keras.layers
    keras.utils.set_random_seed(0)
    x = layers.Input((8, 6, 2), name="x")
    y = layers.Conv2D(4, 3, padding="same", activation="relu", name="conv")(x)
    y = layers.BatchNormalization(name="norm")(y)
    inner = keras.Sequential([layers.Input((8, 24)), layers.Dense(5, name="inside")], name="nested")
    y = inner(layers.Reshape((8, 24))(y))
    y = layers.Bidirectional(layers.LSTM(3), name="loop")(y) if loop else layers.Flatten()(y)
    y = layers.Add()([y * 2.0, y]) if old else layers.Add()([y, y])
    y = layers.Dense(3, activation="softmax", kernel_regularizer="l2", name="head")(y)
    return keras.Model(x, y, name="m")


def _write_tfjs(model: Any, folder: Path) -> None:
    folder.mkdir()
    weights, content = [], b""
    for variable in model.weights:
        value = variable.numpy()
        weights.append(
            {
                "name": variable.name.removesuffix(":0"),
                "shape": list(value.shape),
                "dtype": "float32",
            }
        )
        content += value.astype("<f4").tobytes()
    (folder / "shard.bin").write_bytes(content)
    topology = {
        "keras_version": "2.15.0",
        "backend": "tensorflow",
        "model_config": json.loads(model.to_json()),
    }
    payload = {
        "format": "layers-model",
        "modelTopology": topology,
        "weightsManifest": [{"paths": ["shard.bin"], "weights": weights}],
    }
    (folder / "model.json").write_text(json.dumps(payload), encoding="utf-8")
