"""Prunes models on request, in one process that imports TensorFlow once.

Speaks the line protocol of `edgekit.core.process`; each request names a function of this file.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

os.environ.update(KERAS_BACKEND="tensorflow", TF_CPP_MIN_LOG_LEVEL="3")

import keras
import numpy as np

from edgekit.compress.prune import (
    channel_groups,
    gradients,
    layer_weights,
    ranking,
    structured,
    unstructured,
)
from edgekit.compress.prune import layer_graph as graphs
from edgekit.compress.prune.prune_result import Pruned
from edgekit.core.records import Pruning
from edgekit.data.samples import Samples

MODELS: dict[str, tuple[Any, Samples, np.ndarray, np.ndarray]] = {}


def digits(folder: str) -> tuple[Any, Samples, np.ndarray, np.ndarray]:
    """The model, its calibration samples, and evaluation images with labels."""
    if "digits" not in MODELS:
        model = keras.models.load_model(Path(folder) / "digits.keras", compile=False)
        with np.load(Path(folder) / "data.npz") as data:
            calibration = (data["calibration_x"] / 255).astype(np.float32)
            evaluation = (data["evaluation_x"] / 255).astype(np.float32)
            labels = data["evaluation_y"]
        MODELS["digits"] = (model, Samples(inputs={"image": calibration}), evaluation, labels)
    return MODELS["digits"]


def resnet8(folder: str) -> tuple[Any, Samples, np.ndarray, np.ndarray]:
    """The same of the corpus: 500 calibration images without labels."""
    if "resnet8" not in MODELS:
        path = Path(folder) / "resnet8_cifar10"
        model = keras.models.load_model(path / "pretrainedResnet.h5", compile=False)
        with np.load(path / "data.npz") as data:
            samples = Samples(inputs={model.inputs[0].name: data["calib_x"]})
            known = data["x"].astype(np.float32), data["y"].ravel()
        MODELS["resnet8"] = (model, samples, *known)
    return MODELS["resnet8"]


def accuracy(model: Any, x: np.ndarray, y: np.ndarray) -> float:
    """The fraction of samples whose largest output is the label."""
    found = model.predict(x, verbose=0, batch_size=500).argmax(axis=-1)
    return float((found == y).mean())


def prune(which: str, folder: str, pruning: dict[str, Any], **rest: Any) -> dict[str, Any]:
    """Prune a model; what came out, as plain JSON."""
    model, samples, x, y = (digits if which == "digits" else resnet8)(folder)
    before = weights_hash(model)
    options = Pruning(**{k: tuple(v) if isinstance(v, list) else v for k, v in pruning.items()})
    given = samples if rest.get("samples", True) else None
    if rest.get("few"):
        given = samples.take(range(rest["few"]))
    if rest.get("renamed"):
        given = Samples(inputs={"picture": samples.inputs["image"]})
    if rest.get("flat"):
        given = Samples(inputs={"image": samples.inputs["image"].reshape(len(samples), -1)})
    if rest.get("nan"):
        broken = {k: np.full_like(v, np.nan) for k, v in samples.inputs.items()}
        given = Samples(inputs=broken)
    method = structured if options.method == "structured" else unstructured
    lines: list[str] = []
    pruned = method.prune(model, options, given, seed=rest.get("seed", 0), report=lines.append)
    assert weights_hash(model) == before, "the original was changed"
    return {
        "hash": weights_hash(pruned.model),
        "accuracy": accuracy(pruned.model, x, y),
        "float": accuracy(model, x, y),
        "counted": pruned.model.count_params(),
        "lines": lines,
        **described(pruned),
    }


def described(pruned: Pruned) -> dict[str, Any]:
    """A record of pruning as JSON, with what its kernels really hold."""
    layers = graphs.walk(pruned.model).layers
    masks = {}
    for name, mask in pruned.masks.items():
        kernel = np.asarray(layers[name].kernel)
        masks[name] = {
            "size": mask.size,
            "gone": int((~mask).sum()),
            "zero where gone": bool((kernel[~mask] == 0).all()),
            "most of each four": int(fours(layers[name], mask).max(initial=0)),
        }
    return {
        "sparsity": pruned.sparsity,
        "parameters": pruned.parameters,
        "macs": pruned.macs,
        "layers": {c.name: [c.width, c.zeros] for c in pruned.layers},
        "left_alone": dict(pruned.left_alone),
        "notes": pruned.notes,
        "masks": masks,
        "tried": pruned.tried,
    }


def fours(layer: Any, mask: np.ndarray) -> np.ndarray:
    """How many stay of each four consecutive inputs, as TFLite stores kernels."""
    stored = np.moveaxis(mask, -1, 0)  # outputs first, channels last
    usable = stored.shape[-1] // 4 * 4
    return stored[..., :usable].reshape(-1, 4).sum(axis=1)


def weights_hash(model: Any) -> str:
    """One hash of all weights."""
    digest = hashlib.sha256()
    for weight in model.get_weights():
        digest.update(np.ascontiguousarray(weight).tobytes())
    return digest.hexdigest()


def views() -> dict[str, Any]:
    """Each kind of layer against its view as matrices: the largest differences."""
    layers = keras.layers
    cases = {
        "dense": (layers.Dense(4), (3, 5, 6)),
        "dense without bias": (layers.Dense(4, use_bias=False), (7, 6)),
        "conv1d causal": (layers.Conv1D(3, 4, padding="causal", dilation_rate=2), (3, 9, 4)),
        "conv2d same": (layers.Conv2D(6, 3, strides=2, padding="same"), (4, 7, 8, 5)),
        "conv2d valid": (layers.Conv2D(6, (3, 2), strides=2), (4, 7, 8, 5)),
        "conv2d groups": (layers.Conv2D(6, 3, dilation_rate=2, groups=2), (4, 9, 8, 4)),
        "conv3d": (layers.Conv3D(3, 2, strides=2, padding="same"), (3, 5, 4, 5, 4)),
        "depthwise": (
            layers.DepthwiseConv2D(3, strides=2, depth_multiplier=2, padding="same"),
            (3, 8, 7, 4),
        ),
        "depthwise1d": (layers.DepthwiseConv1D(3, padding="same"), (3, 8, 4)),
        "transposed same": (
            layers.Conv2DTranspose(5, 3, strides=2, padding="same"),
            (3, 5, 4, 6),
        ),
        "transposed valid": (layers.Conv2DTranspose(5, (2, 4), strides=(3, 2)), (3, 5, 4, 6)),
        "transposed even": (
            layers.Conv2DTranspose(5, 4, strides=2, padding="same"),
            (3, 5, 4, 6),
        ),
        "transposed 1d": (layers.Conv1DTranspose(5, 1, strides=2, padding="same"), (3, 5, 6)),
    }
    rng = np.random.default_rng(0)
    found = {}
    for name, (layer, shape) in cases.items():
        x = rng.normal(size=shape).astype(np.float32)
        layer(x)
        if layer.use_bias:
            layer.bias.assign(rng.normal(size=layer.bias.shape))
        wanted = np.asarray(layer(x))
        view = layer_weights.view(layer)
        assert view is not None, name
        rows = view.rows(x, np.arange(view.num_places(x)))
        got = rows @ view.weights
        if view.bias is not None:
            got = got + view.bias[:, None]
        read = got.transpose(1, 0, 2).reshape(wanted.shape)
        view.store(view.weights * 2, None if view.bias is None else view.bias * 2)
        stored = np.asarray(layer(x))
        found[name] = [float(abs(read - wanted).max()), float(abs(stored - 2 * wanted).max())]
    return found


def unviewable() -> dict[str, Any]:
    """Layers that have no view."""

    class Own(keras.layers.Dense):
        pass

    x = np.zeros((2, 6, 6, 4), np.float32)
    layers = {
        "derived": Own(3),
        "separable": keras.layers.SeparableConv2D(3, 3),
        "channels first": keras.layers.DepthwiseConv2D(3, data_format="channels_last"),
        "output padding": keras.layers.Conv2DTranspose(
            3, 3, strides=2, padding="same", output_padding=1
        ),
    }
    for layer in layers.values():
        layer(x)
    layers["channels first"].data_format = "channels_first"
    return {name: layer_weights.view(layer) is None for name, layer in layers.items()}


def taylor(folder: str) -> dict[str, Any]:
    """The gradient's answer beside what really happens when a channel is scaled a little."""
    inputs = keras.Input((6,), name="x")
    hidden = keras.layers.Dense(5, activation="tanh", name="hidden")(inputs)
    model = keras.Model(inputs, keras.layers.Dense(3, name="out")(hidden))
    graph = graphs.walk(model)
    tensor = graph.calls(model.get_layer("out"))[0].inputs[0]
    x = np.random.default_rng(1).normal(size=(20, 6)).astype(np.float32)
    found = gradients.taylor(graph, {"x": x}, [tensor], seed=3)[tensor]
    noise = np.random.default_rng(3).standard_normal((20, 3))
    values = np.asarray(keras.ops.tanh(model.get_layer("hidden")(x))) * 0
    values = np.asarray(model.get_layer("hidden")(x))
    slope = noise @ np.asarray(model.get_layer("out").kernel).T
    return {"got": found.tolist(), "wanted": (values * slope).tolist()}


def rankings(folder: str, by: str) -> dict[str, Any]:
    """The order of every group of digits."""
    model, samples, _, _ = digits(folder)
    graph = graphs.walk(model)
    channels = channel_groups.find(graph)
    inputs = dict(samples.inputs)
    found = ranking.rank(graph, channels, channels.groups, by, inputs, seed=0)
    return {name: one.order.tolist() for name, one in found.items()}
