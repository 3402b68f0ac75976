"""Take models apart and make them smaller, in a process that imports TensorFlow once.

Speaks the line protocol of `edgekit.core.process`: `{"do": name, ...}` calls that function.
"""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
from random_models import Maker, randomize
from small_models import SMALL, Doubled

from edgekit.compress.prune import channel_groups, rebuild_narrower, select_channels
from edgekit.compress.prune import costs as macs
from edgekit.compress.prune import layer_graph as graphs
from edgekit.compress.prune.channel_groups import Channels
from edgekit.compress.prune.keras_graph import (
    arguments_with,
    caller,
    is_walkable,
    leaves,
    ordered_calls,
)
from edgekit.compress.prune.layer_kinds import constants, kind_of, objection, unknown
from edgekit.core import serde


def _get(request: dict[str, Any]) -> Any:
    if "seed" in request:
        return Maker(request["seed"]).model()
    if "small" in request:
        model = SMALL[request["small"]]()
    elif "path" in request:
        return keras.models.load_model(request["path"], compile=False)
    else:
        build = getattr(keras.applications, request["application"])
        model = build(weights=None, input_shape=(64, 64, 3), classes=10)
    randomize(model, np.random.default_rng(0))
    return model


def _inputs(graph: graphs.Graph, samples: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    shapes = {name: graph.shapes[number] for name, number in graph.inputs.items()}
    return {
        name: (
            rng.integers(0, 10, (samples, *shape[1:]))
            if "int" in graph.dtypes[graph.inputs[name]]
            else rng.normal(size=(samples, *(n or 8 for n in shape[1:])))
        ).astype(graph.dtypes[graph.inputs[name]])
        for name, shape in shapes.items()
    }


def _outputs(model: Any, inputs: dict[str, np.ndarray]) -> list[np.ndarray]:
    packed: Any = next(iter(inputs.values()))
    if not isinstance(model, keras.Sequential):
        packed = keras.tree.pack_sequence_as(model.input, list(inputs.values()))
    return [np.asarray(v) for v in keras.tree.flatten(model(packed, training=False))]


def _difference(one: list[np.ndarray], other: list[np.ndarray]) -> float:
    assert [a.shape for a in one] == [b.shape for b in other]
    pairs = zip(one, other, strict=True)
    return max(float(np.abs(a - b).max() / (np.abs(a).max() + 1e-9)) for a, b in pairs)


def _pick(channels: Channels, fraction: float, seed: int = 0) -> np.ndarray:
    """A random `kept` that leaves each tensor something."""
    rng = np.random.default_rng(seed)
    kept = rng.random(channels.count) >= fraction
    sets = {tuple(np.unique(atoms).tolist()) for atoms in channels.atoms.values() if len(atoms)}
    for only in (list(atoms) for atoms in sorted(sets) if atoms[0] >= 0):
        if not kept[only].any():
            kept[only[0]] = True
    return kept


def _names(model: Any) -> list[Any]:
    return [[x.name, type(x).__name__, *map(_names, [x] if hasattr(x, "layers") else [])]
            for x in model.layers]  # fmt: skip


def run_whole(request: dict[str, Any]) -> dict[str, Any]:
    """What `graph.run` computes, in two batches, against the model itself."""
    model = _get(request)
    graph = graphs.walk(model)
    inputs = _inputs(graph)
    ran = graphs.run(graph, inputs, batch_size=2)
    values = [ran[number] for number in graph.outputs]
    nodes = [[n.name, type(n.operation).__name__, list(n.inputs), list(n.outputs)]
             for n in graph.nodes]  # fmt: skip
    expected = [
        np.concatenate([a, b])
        for a, b in zip(
            _outputs(model, {k: v[:2] for k, v in inputs.items()}),
            _outputs(model, {k: v[2:] for k, v in inputs.items()}),
            strict=True,
        )
    ]
    return {
        "difference": _difference(expected, values),
        "nodes": nodes,
        "shapes": {str(k): list(v) for k, v in graph.shapes.items()},
        "layers": list(graph.layers),
    }


def describe(request: dict[str, Any]) -> dict[str, Any]:
    """The channels of a model, and which groups selectors choose."""
    graph = graphs.walk(_get(request))
    channels = channel_groups.find(graph)
    return {
        "groups": [
            {"name": g.name, "width": g.width, "producers": g.producers, "coupled": g.coupled}
            for g in channels.groups
        ],
        "left_alone": serde.to_dict(channels.left_alone),
        "selected": [
            g.name
            for g in select_channels.choose(
                graph,
                channels,
                layers=tuple(request.get("layers", ())),
                keep=tuple(request.get("keep", ())),
            )
        ],
    }


def nothing_removed(request: dict[str, Any]) -> dict[str, Any]:
    """The model made again whole."""
    model = _get(request)
    graph = graphs.walk(model)
    channels = channel_groups.find(graph)
    again = rebuild_narrower.remove(model, graph, channels, channels.everything())
    inputs = _inputs(graph)
    before, after = _outputs(model, inputs), _outputs(again, inputs)
    shared = {id(w) for w in model.weights} & {id(w) for w in again.weights}
    return {
        "equal": all(np.array_equal(a, b) for a, b in zip(before, after, strict=True)),
        "finite": all(np.isfinite(a).all() for a in before),
        "same_names": _names(model) == _names(again),
        "shared_weights": len(shared),
        "trainable": [len(model.trainable_weights), len(again.trainable_weights)],
    }


def _silence(graph: graphs.Graph, channels: Channels, kept: np.ndarray) -> None:
    """Zero what layers multiply the channels with that are going to be removed."""
    for node in graph.nodes:
        kind = kind_of(node.operation)
        axis = {"conv": -2, "dense": -2, "separable": -2, "transposed": -1}.get(kind or "")
        if axis is None or objection(node, kind):
            continue
        mask = channels.mask(node.inputs[0], kept)
        layer = node.operation
        kernel = layer.depthwise_kernel if kind == "separable" else layer.kernel
        shape = [1] * len(kernel.shape)
        shape[axis] = -1
        kernel.assign(np.asarray(kernel) * mask.reshape(shape))


def some_removed(request: dict[str, Any]) -> dict[str, Any]:
    """The model without channels that nothing listens to, written and read back."""
    model = _get(request)
    graph = graphs.walk(model)
    channels = channel_groups.find(graph)
    kept = _pick(channels, request.get("fraction", 0.4), request.get("seed", 0))
    counts = macs.count(graph, channels)
    inputs = _inputs(graph)
    loud = _outputs(model, inputs)
    _silence(graph, channels, kept)
    smaller = rebuild_narrower.remove(model, graph, channels, kept)
    expected, got = _outputs(model, inputs), _outputs(smaller, inputs)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "smaller.keras"
        smaller.save(path)
        loaded = keras.models.load_model(
            path, compile=False, safe_mode=False, custom_objects={"Doubled": Doubled}
        )
    small_graph = graphs.walk(smaller)
    after = macs.count(small_graph, channel_groups.find(small_graph))
    return {
        "difference": _difference(expected, got),
        "loaded_difference": _difference(got, _outputs(loaded, inputs)),
        "same_names": _names(model) == _names(smaller) == _names(loaded),
        "heard": _difference(loud, expected),
        "atoms": channels.count,
        "removed": int((~kept).sum()),
        "params": [model.count_params(), smaller.count_params()],
        "macs": [counts.macs(kept), after.macs()],
        "bytes": [counts.weight_bytes(kept), after.weight_bytes()],
        "dense_macs": counts.macs(),
    }


def empty(request: dict[str, Any]) -> dict[str, Any]:
    """All channels removed: refused."""
    model = _get(request)
    graph = graphs.walk(model)
    channels = channel_groups.find(graph)
    rebuild_narrower.remove(model, graph, channels, ~channels.everything())
    return {}


def counted(request: dict[str, Any]) -> dict[str, Any]:
    """Multiply-accumulates by layer and bytes of weights."""
    graph = graphs.walk(_get(request), sizes=request.get("sizes"))
    channels = channel_groups.find(graph)
    costs = macs.count(graph, channels)
    return {
        "by_layer": costs.by_layer(),
        "macs": costs.macs(),
        "bytes": costs.weight_bytes(),
        "half": costs.macs(np.arange(channels.count) % 2 == 0),
        "open": costs.open_sizes,
    }


def kinds(request: dict[str, Any]) -> dict[str, Any]:
    """Each kind's name, and why an operation is left alone."""
    layers, x = keras.layers, keras.Input((3,))

    class Own(layers.Dense):
        pass

    made = {
        "dense": layers.Dense(3),
        "own": Own(3),
        "conv": layers.Conv2D(4, 1),
        "two groups": layers.Conv2D(4, 1, groups=2),
        "group each": layers.Conv2D(4, 1, groups=4),
        "first": layers.DepthwiseConv2D(1, data_format="channels_first"),
        "glu": layers.Activation(keras.activations.glu),
        "relu": layers.Activation("relu"),
        "own function": layers.Activation(lambda x: x),
        "relu layer": layers.DepthwiseConv2D(1, activation=layers.ReLU()),
        "softmax": layers.DepthwiseConv2D(1, activation="softmax"),
        "lstm": layers.LSTM(3),
        "layer norm": layers.LayerNormalization(),
        "add op": graphs.walk(keras.Model(x, x + x)).nodes[0].operation,
        "einsum": layers.EinsumDense("ab,bc->ac", 3),
    }
    for name in ("two groups", "group each"):
        made[name].build((None, 4, 4, 4))
    node = graphs.Node(
        operation=None, name="", inputs=(), outputs=(), arguments=((), {}), call=lambda v: list(v)
    )
    found = {}
    for name, operation in made.items():
        kind = kind_of(operation)
        told = replace(node, operation=operation)
        reason = unknown(operation) if kind is None else objection(told, kind)
        found[name] = [kind, reason]
    return found


def held_constants(request: dict[str, Any]) -> list[Any]:
    """The constants of more than one number among a call's arguments."""
    node = graphs.Node(
        operation=None,
        name="",
        inputs=(),
        outputs=(),
        arguments=(
            (keras.KerasTensor((None, 3)), np.arange(3.0), 2, "text", None),
            {"axis": 1, "mask": [np.ones((1, 2))], "scalar": np.float32(4)},
        ),
        call=lambda v: list(v),
    )
    return [array.tolist() for array in constants(node)]


def walkable(request: dict[str, Any]) -> dict[str, bool]:
    """Which models are nothing but their graph."""

    class Own(keras.Model):
        def call(self, x: Any) -> Any:
            return x

    class Derived(keras.Model):
        """A Functional model whose call is its own."""

        def call(self, x: Any, training: Any = None) -> Any:
            return super().call(x) + 1

    x = keras.Input((3,))
    y = keras.layers.Dense(2)(x)
    return {
        "functional": is_walkable(keras.Model(x, y)),
        "sequential": is_walkable(keras.Sequential([keras.Input((3,)), keras.layers.Dense(2)])),
        "not built": is_walkable(keras.Sequential([keras.layers.Dense(2)])),
        "subclassed": is_walkable(Own()),
        "own call": is_walkable(Derived(x, y)),
        "layer": is_walkable(keras.layers.Dense(2)),
    }


def call_order(request: dict[str, Any]) -> dict[str, Any]:
    """Calls in order, without what the outputs do not need; arguments in their places."""
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    shared = keras.layers.Dense(3, name="shared")
    late = keras.layers.Subtract(name="late")([shared(b), shared(a)])
    keras.layers.Dense(9, name="unused")(a)
    inner = keras.Model([a, b], late)
    calls = ordered_calls(inner)
    x, y = np.full((1, 3), 2.0, np.float32), np.full((1, 3), 5.0, np.float32)
    last = calls[-1]
    args, kwargs = arguments_with(last.arguments, iter([y, x]))
    dropout = keras.layers.Dropout(0.9)
    dropped = keras.Model(a, dropout(a))
    [call] = ordered_calls(dropped)
    return {
        "order": [call.operation.name for call in calls],
        "filled": [[float(v[0, 0]) for v in leaves(args)], leaves(kwargs)],
        "difference": float(np.asarray(caller(last.operation, last.arguments)([y, x])[0])[0, 0]),
        # In inference mode, whatever the layer does in training.
        "dropout": np.asarray(caller(dropout, call.arguments)([x])[0]).tolist(),
    }


afterwards = keras.backend.clear_session
