"""Write TensorFlow.js graph models as its converter does, by the public format alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from google.protobuf import json_format


def write(
    folder: Path,
    graph: Any,
    signature: Mapping[str, Mapping[str, str]] | None = None,
    quantize: str | None = None,
) -> Path:
    """`model.json` and a shard of a frozen graph.

    Args:
        folder: Where they go; it is made.
        graph: A `GraphDef`, whose constants go into the shard.
        signature: `inputs` and `outputs`: tensors by name.
        quantize: The type that float constants of more than one value are stored in.
    """
    folder.mkdir(parents=True)
    entries: list[dict[str, Any]] = []
    content = b""
    graph = tf.compat.v1.GraphDef.FromString(graph.SerializeToString())
    for nodes in (graph.node, *(function.node_def for function in graph.library.function)):
        for node in nodes:
            if node.op == "Const":
                entry, stored = _stored(node, quantize)
                entries.append(entry)
                content += stored.tobytes()
    (folder / "group1-shard1of1.bin").write_bytes(content)
    payload = {
        "format": "graph-model",
        "generatedBy": "2.21.0",
        "convertedBy": "TensorFlow.js Converter v4.22.0",
        "modelTopology": json_format.MessageToDict(graph),
        "weightsManifest": [{"paths": ["group1-shard1of1.bin"], "weights": entries}],
    }
    if signature is not None:
        payload["signature"] = {
            side: {name: {"name": tensor} for name, tensor in named.items()}
            for side, named in signature.items()
        }
    path = folder / "model.json"
    path.write_text(json.dumps(payload))
    return path


def _stored(node: Any, quantize: str | None) -> tuple[dict[str, Any], np.ndarray]:
    """A constant's entry and bytes; the node keeps type and shape alone."""
    tensor = node.attr["value"].tensor
    values = tf.make_ndarray(tensor)
    shape = tensor.tensor_shape
    empty = type(tensor)(dtype=tensor.dtype, tensor_shape=shape)
    tensor.CopyFrom(empty)
    if values.dtype == np.int64:  # JavaScript has none
        values = values.astype(np.int32)
    entry = {"name": node.name, "shape": list(values.shape), "dtype": values.dtype.name}
    if quantize is None or values.dtype != np.float32 or values.size < 2:
        return entry, values
    entry["quantization"] = {"dtype": quantize, "original_dtype": "float32"}
    if quantize == "float16":
        return entry, values.astype(np.float16)
    most = np.iinfo(quantize).max
    low, scale = float(values.min()), float(np.ptp(values)) / most or 1.0
    entry["quantization"] |= {"min": low, "scale": scale}
    return entry, np.round((values - low) / scale).astype(quantize)


def node(graph: Any, op: str, name: str, *inputs: str, **attributes: Any) -> str:
    """Add a node to a `GraphDef`; its name."""
    made = graph.node.add(op=op, name=name, input=inputs)
    for key, value in attributes.items():
        if isinstance(value, np.ndarray):
            made.attr[key].tensor.CopyFrom(tf.make_tensor_proto(value))
        elif isinstance(value, tf.DType):
            made.attr[key].type = value.as_datatype_enum
        elif isinstance(value, tf.TensorShape):
            made.attr[key].shape.CopyFrom(value.as_proto())
        elif isinstance(value, list):
            made.attr[key].list.SetInParent()
            kind = made.attr[key].list.s if isinstance(value[0], bytes) else made.attr[key].list.i
            kind.extend(value)
        elif isinstance(value, bytes):
            made.attr[key].s = value
        elif isinstance(value, float):
            made.attr[key].f = value
        else:
            made.attr[key].i = value
    return name


def constant(graph: Any, name: str, value: np.ndarray) -> str:
    """Add a constant."""
    return node(graph, "Const", name, dtype=tf.as_dtype(value.dtype), value=value)


def fused_graph(rng: np.random.Generator) -> tuple[Any, Any]:
    """A graph with each fused operator of the converter, and a function that computes the same."""
    graph = tf.compat.v1.GraphDef()

    def weight(name: str, *shape: int) -> np.ndarray:
        value = rng.normal(size=shape).astype(np.float32) / 3
        constant(graph, name, value)
        return value

    shape = tf.TensorShape([None, 8, 8, 3])
    node(graph, "Placeholder", "image", dtype=tf.float32, shape=shape)
    kernel, bias = weight("conv/w", 3, 3, 3, 6), weight("conv/b", 6)
    depth, depth_bias = weight("depth/w", 3, 3, 6, 1), weight("depth/b", 6)
    point, slope = weight("point/w", 1, 1, 6, 4), weight("point/slope", 1, 1, 4)
    dense, dense_bias = weight("dense/w", 4, 5), weight("dense/b", 5)
    common = {"T": tf.float32, "padding": b"SAME", "data_format": b"NHWC"}
    ones = {"strides": [1, 1, 1, 1], "dilations": [1, 1, 1, 1], "num_args": 1}
    node(
        graph, "_FusedConv2D", "conv", "image", "conv/w", "conv/b",
        fused_ops=[b"BiasAdd", b"Relu"], epsilon=0.0, **common, **ones,
    )  # fmt: skip
    node(
        graph, "FusedDepthwiseConv2dNative", "depth", "conv", "depth/w", "depth/b",
        fused_ops=[b"BiasAdd", b"Relu6"], **common, **{**ones, "strides": [1, 2, 2, 1]},
    )  # fmt: skip
    node(
        graph, "_FusedConv2D", "point", "depth", "point/w", "point/b", "point/slope",
        fused_ops=[b"BiasAdd", b"Prelu"], **common, **{**ones, "num_args": 2},
    )  # fmt: skip
    point_bias = weight("point/b", 4)
    constant(graph, "axes", np.array([1, 2], np.int32))
    node(graph, "Mean", "pool", "point", "axes", T=tf.float32, Tidx=tf.int32, keep_dims=0)
    graph.node[-1].attr["keep_dims"].b = False
    node(
        graph, "_FusedMatMul", "dense", "pool", "dense/w", "dense/b",
        fused_ops=[b"BiasAdd", b"LeakyRelu"], leakyrelu_alpha=0.1, T=tf.float32, num_args=1,
    )  # fmt: skip
    last = weight("last/slope", 5)
    node(graph, "Prelu", "scores", "dense", "last/slope")

    def prelu(x: Any, alpha: np.ndarray) -> Any:
        return tf.where(x > 0, x, alpha * x)

    def compute(x: np.ndarray) -> np.ndarray:
        h = tf.nn.relu(tf.nn.conv2d(x, kernel, 1, "SAME") + bias)
        h = tf.nn.relu6(tf.nn.depthwise_conv2d(h, depth, [1, 2, 2, 1], "SAME") + depth_bias)
        h = prelu(tf.nn.conv2d(h, point, 1, "SAME") + point_bias, slope)
        h = tf.nn.leaky_relu(tf.reduce_mean(h, [1, 2]) @ dense + dense_bias, 0.1)
        return np.asarray(prelu(h, last))

    return graph, compute
