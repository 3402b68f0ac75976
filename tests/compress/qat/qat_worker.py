"""Rebuilds, rounds, converts and trains on request, in one process that imports TensorFlow once.

Speaks the line protocol of `edgekit.core.process`; files and arrays travel by path.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from edgekit.core import serde
from edgekit.tflite.quantized_weights import Grid


def _inputs(request: dict[str, Any]) -> dict[str, np.ndarray]:
    with np.load(request["inputs"]) as file:
        return dict(file.items())


def _answers(model: Any, request: dict[str, Any]) -> dict[str, Any]:
    got = model(_inputs(request), training=False)
    np.savez(request["out"], **{name: np.asarray(value) for name, value in got.items()})
    return {
        "names": [layer.name for layer in model.layers],
        "trainable": len(model.trainable_variables),
    }


def operators(request: dict[str, Any]) -> list[str]:
    """The names in the table."""
    from edgekit.compress.qat import operator_functions as table

    return list(table.names())


def forward(request: dict[str, Any]) -> dict[str, Any]:
    """A rebuilt file's outputs, and whether gradients reach its weights and inputs."""
    import tensorflow as tf

    from edgekit.compress.qat.float_network import rebuild

    model = rebuild(Path(request["float"]).read_bytes())
    given = {name: tf.constant(value) for name, value in _inputs(request).items()}
    with tf.GradientTape() as tape:
        tape.watch(given)
        total = sum(tf.reduce_sum(tf.square(y)) for y in model(given).values())
    gradients = tape.gradient(total, [*given.values(), *model.trainable_variables])
    about = _answers(model, request)
    about["gradients"] = [g is not None and bool(np.isfinite(g).all()) for g in gradients]
    return about


def check(request: dict[str, Any]) -> float:
    """`rebuild.check` against outputs named `out:NAME`."""
    from edgekit.compress.qat import float_network

    model = float_network.rebuild(Path(request["float"]).read_bytes())
    given = _inputs(request)
    wanted = {k[4:]: v for k, v in given.items() if k.startswith("out:")}
    return float_network.check(
        model, {k: v for k, v in given.items() if not k.startswith("out:")}, wanted
    )


def rounding(request: dict[str, Any]) -> dict[str, Any]:
    """The outputs of the model that rounds, and the grid that it says it has."""
    from edgekit.compress.qat import fake_quant

    grid = Grid.load(Path(request["grid"]))
    model = fake_quant.build_rounding(Path(request["float"]).read_bytes(), grid)
    if "moved" in request:  # as training would
        rng = np.random.default_rng(request["moved"])
        for variable in model.trainable_variables:
            variable.assign_add(rng.normal(size=variable.shape).astype("f4") * 0.05)
    if request.get("freeze"):
        for one in model.rounding_ranges:
            one.freeze()
    fake_quant.trained(model, grid).save(Path(request["trained"]))
    return _answers(model, request)


def converted(request: dict[str, Any]) -> None:
    """What TensorFlow's converter makes of the model with fake quantization."""
    import tensorflow as tf

    from edgekit.compress.qat import fake_quant

    grid = Grid.load(Path(request["grid"]))
    model = fake_quant.build_rounding(Path(request["float"]).read_bytes(), grid, constant=True)
    specs = {k: tf.TensorSpec((1, *v.shape[1:]), v.dtype, name=k) for k, v in model.input.items()}
    function = tf.function(lambda given: model(given, training=False))
    concrete = function.get_concrete_function(specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete])
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    Path(request["out"]).write_bytes(converter.convert())


def train(request: dict[str, Any]) -> dict[str, Any]:
    """`run.run`."""
    from edgekit.compress.compress_messages import TrainRequest
    from edgekit.compress.qat import train_recipe

    lines: list[str] = []
    done = train_recipe.run(serde.from_dict(TrainRequest, request["asked"]), lines.append)
    return {"done": serde.to_dict(done), "lines": lines}
