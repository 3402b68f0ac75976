"""TensorFlow.js graph models: a frozen `GraphDef` as JSON, and its constants in binary shards.

The format is that of the TensorFlow.js converter: `modelTopology` is the graph in Protocol Buffers'
JSON, without the values of `Const` nodes, which `weightsManifest` lists by the nodes' names.
`signature`, which older files lack, names inputs and outputs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.core.errors import ModelError, reading
from edgekit.frontend.load import tfjs, tfjs_functions, tfjs_fused
from edgekit.frontend.load.archive import DAMAGED, read_json
from edgekit.frontend.load.id_limits import embedding_limits
from edgekit.frontend.load.loaded import LoadedModel, tensor_spec, unique
from edgekit.frontend.trust import check_saved_model

_CANNOT_READ = "The graph of the TensorFlow.js model could not be read."
_ORIGINAL = "convert the Keras model or SavedModel that it was made from."


def load_graph(path: Path, *, unsafe: bool = False) -> LoadedModel:
    """The graph of a `model.json`.

    Raises:
        ModelError: Damaged, without weights, or without inputs and outputs that are known.
        UnsafeModelError: It holds operators that are not allowed, and `unsafe` is False.
    """
    import tensorflow as tf

    payload = read_json(path, path.read_bytes(), "A TensorFlow.js model.json")
    manifest = tfjs.read_manifest(path, payload)
    weights = tfjs.read_weights(path, manifest)
    with reading(path.name, _CANNOT_READ, kind=ModelError, hint=DAMAGED):
        graph = _parse(payload.get("modelTopology"))
    _fill(path, graph, weights)
    tfjs_functions.settle_lists(graph)
    tfjs_fused.split(graph)
    tfjs_functions.name_apart(graph)
    if not unsafe:
        check_saved_model.refuse_unsafe_graph(path, tf.compat.v1.MetaGraphDef(graph_def=graph))
    names = _Names(path, graph, payload.get("signature"))
    with reading(path.name, _CANNOT_READ, kind=ModelError, hint=_ORIGINAL):
        imported = tf.compat.v1.wrap_function(lambda: tf.import_graph_def(graph, name=""), [])
        find = imported.graph.get_tensor_by_name
        fed = {name: find(tensor) for name, tensor in names.inputs.items()}
        fetched = {name: find(tensor) for name, tensor in names.outputs.items()}
        function = imported.prune(list(fed.values()), fetched)
    inputs = tuple(tensor_spec(n, _shape(path, t), t.dtype) for n, t in fed.items())
    outputs = tuple(tensor_spec(n, _shape(path, t), t.dtype) for n, t in fetched.items())

    def call(values: dict[str, Any]) -> dict[str, Any]:
        return dict(function(*(values[spec.name] for spec in inputs)))

    notes = ["a TensorFlow.js graph model"]
    if tfjs.is_quantized(manifest):
        notes.append("the TensorFlow.js file holds quantized weights: no float original is left")
    module = tf.Module()
    module.function = function
    return LoadedModel(
        kind="saved_model",
        name=path.resolve().parent.name,
        inputs=inputs,
        outputs=outputs,
        trackable=module,
        call=call,
        id_limits=embedding_limits(call, inputs),
        notes=tuple(notes),
    )


def _parse(topology: object) -> Any:
    import tensorflow as tf
    from google.protobuf import json_format

    graph = tf.compat.v1.GraphDef()
    return json_format.ParseDict(topology, graph, ignore_unknown_fields=True)


def _fill(path: Path, graph: Any, weights: Mapping[str, np.ndarray]) -> None:
    """Give each `Const` node its values, in the type that the node states."""
    import tensorflow as tf

    for node in (
        node for body in tfjs_functions.bodies(graph) for node in body if node.op == "Const"
    ):
        values = weights.get(node.name)
        stated = [int(dim.size) for dim in node.attr["value"].tensor.tensor_shape.dim]
        if values is None or math.prod(stated) != values.size:
            raise ModelError(
                "The model file must hold the values of each constant.",
                received=f"{path.name}: {node.name!r} of shape {stated}, "
                + ("nothing stored" if values is None else f"stored {list(values.shape)}"),
                hint="copy or download model.json and all .bin files again.",
            )
        with reading(path.name, _CANNOT_READ, kind=ModelError, hint=DAMAGED):
            dtype = tf.dtypes.as_dtype(node.attr["dtype"].type)
            proto = tf.make_tensor_proto(values.reshape(stated), dtype)
        node.attr["value"].tensor.CopyFrom(proto)


class _Names:
    """Tensors by the names of inputs and outputs: the signature's, else those of their nodes."""

    def __init__(self, path: Path, graph: Any, signature: object) -> None:
        sides = signature if isinstance(signature, dict) else {}
        self.inputs = _signed(sides.get("inputs")) or {
            node.name: f"{node.name}:0" for node in graph.node if node.op == "Placeholder"
        }
        self.outputs = _signed(sides.get("outputs")) or _unread(graph)
        placeholders = {f"{node.name}:0" for node in graph.node if node.op == "Placeholder"}
        if not self.inputs or not self.outputs or not placeholders.issuperset(self.inputs.values()):
            raise ModelError(
                "A graph model must have inputs that are placeholders, and outputs.",
                received=f"{path.name}: inputs {list(self.inputs)}, outputs {list(self.outputs)}",
                hint=_ORIGINAL,
            )


def _signed(side: object) -> dict[str, str]:
    """`{"x": {"name": "x:0"}}` as names to tensors; a name without its `:0`."""
    if not isinstance(side, dict):
        return {}
    tensors = [
        str(info["name"]) if isinstance(info, dict) and "name" in info else str(key)
        for key, info in side.items()
    ]
    names = unique([str(key).removesuffix(":0") for key in side])
    return {
        name: tensor if ":" in tensor else f"{tensor}:0"
        for name, tensor in zip(names, tensors, strict=True)
    }


def _unread(graph: Any) -> dict[str, str]:
    read = {name.removeprefix("^").split(":")[0] for node in graph.node for name in node.input}
    ends = [
        node.name
        for node in graph.node
        if node.name not in read and node.op not in ("Const", "Placeholder", "NoOp")
    ]
    return {name: f"{name}:0" for name in ends}


def _shape(path: Path, tensor: Any) -> tuple[int | None, ...]:
    if tensor.shape.rank is None:
        raise ModelError(
            "The graph does not say how many dimensions a tensor has.",
            received=f"{path.name}: {tensor.name!r} of unknown rank",
            hint=_ORIGINAL,
        )
    return tuple(tensor.shape.as_list())
