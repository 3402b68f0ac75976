"""TensorFlow.js layers models: a topology as JSON, weights in binary shards.

The format is that of the TensorFlow.js converter: `weightsManifest` lists groups; the
bytes of a group's `paths`, joined, hold its `weights` one after another. A quantized
weight stores `uint8` or `uint16` codes, `value = code * scale + min`, or float16.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.convert.load_archive import read_json
from edgekit.errors import ModelError

_DTYPES = ("float32", "float16", "int32", "int16", "uint16", "int8", "uint8", "bool")


def read_topology(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The Keras configuration and the weights manifest of a `model.json`.

    Raises:
        ModelError: Not JSON, or one of the two is missing.
    """
    payload = read_json(path, path.read_bytes(), "A TensorFlow.js model.json")
    topology = payload.get("modelTopology")
    config = topology.get("model_config", topology) if isinstance(topology, dict) else None
    manifest = payload.get("weightsManifest")
    if not isinstance(config, dict) or "class_name" not in config:
        raise ModelError(
            "modelTopology of a layers model holds a Keras configuration.",
            received=f"{path.name}: {str(topology)[:80]}",
            hint="convert it again with the TensorFlow.js converter, to tfjs_layers_model.",
        )
    if not isinstance(manifest, list) or not all(isinstance(group, dict) for group in manifest):
        raise ModelError(
            "model.json lists its weights in weightsManifest.",
            received=f"{path.name}: {str(manifest)[:80]}",
            hint="save the model with its weights.",
        )
    return config, manifest


def read_weights(path: Path, manifest: list[dict[str, Any]]) -> dict[str, np.ndarray]:
    """Every weight by name, dequantized, in the order of the manifest.

    Args:
        path: The `model.json`; shards lie beside it.
        manifest: Its `weightsManifest`.

    Raises:
        ModelError: A shard is missing, leaves the folder, or has not the length that its
            weights need; or a weight has an unknown dtype.
    """
    weights: dict[str, np.ndarray] = {}
    for group in manifest:
        entries = group.get("weights", [])
        content = b"".join(_shard(path, str(name)) for name in group.get("paths", []))
        needed = sum(_stored(path, entry)[0].itemsize * _size(path, entry) for entry in entries)
        if len(content) != needed:
            raise ModelError(
                "The shards of a TensorFlow.js model hold exactly its weights.",
                received=f"{', '.join(map(str, group.get('paths', [])))}: {len(content)} bytes "
                f"for weights of {needed}",
                hint="copy or download all .bin files again.",
            )
        start = 0
        for entry in entries:
            stored, quantization = _stored(path, entry)
            codes = np.frombuffer(content, stored, _size(path, entry), start)
            start += codes.nbytes
            weights[str(entry.get("name"))] = _values(codes, entry, quantization)
    return weights


def is_quantized(manifest: list[dict[str, Any]]) -> bool:
    """Whether any weight is stored in fewer bits than it is used in."""
    return any(entry.get("quantization") for group in manifest for entry in group["weights"])


def _shard(path: Path, name: str) -> bytes:
    folder = path.parent.resolve()
    shard = (folder / name).resolve()
    if not shard.is_relative_to(folder) or "://" in name:
        raise ModelError(
            "The shards of a TensorFlow.js model lie in its folder.",
            received=f"{path.name} names {name!r}",
            hint="download the shards beside model.json and name them without a path.",
        )
    try:
        return shard.read_bytes()
    except OSError as error:
        raise ModelError(
            "The shards of a TensorFlow.js model lie beside its model.json.",
            received=f"{name}: {error.strerror}",
            hint=f"copy {name} into {path.parent}.",
        ) from None


def _stored(path: Path, entry: dict[str, Any]) -> tuple[np.dtype[Any], dict[str, Any]]:
    quantization = entry.get("quantization") or {}
    name = quantization.get("dtype", entry.get("dtype"))
    if name not in _DTYPES:
        raise _bad_entry(path, entry, f"a dtype of {', '.join(_DTYPES)}")
    return np.dtype(name).newbyteorder("<"), quantization


def _size(path: Path, entry: dict[str, Any]) -> int:
    shape = entry.get("shape")
    if not isinstance(shape, list) or not all(isinstance(n, int) and n >= 0 for n in shape):
        raise _bad_entry(path, entry, "a shape")
    return math.prod(shape)


def _bad_entry(path: Path, entry: dict[str, Any], what: str) -> ModelError:
    return ModelError(
        f"Each weight of weightsManifest has a name and {what}.",
        received=f"{path.name}: {str(entry)[:120]}",
        hint="convert the model again with the TensorFlow.js converter.",
    )


def _values(codes: np.ndarray, entry: dict[str, Any], quantization: dict[str, Any]) -> np.ndarray:
    values = codes.reshape(entry["shape"])
    if not quantization:
        return values
    original = quantization.get("original_dtype", "float32")
    if quantization["dtype"] == "float16":
        return values.astype(original)
    scale, low = float(quantization.get("scale", 1)), float(quantization.get("min", 0))
    return (values.astype(np.float64) * scale + low).astype(original)


def match(
    names: list[str], shapes: list[tuple[int, ...]], weights: dict[str, np.ndarray]
) -> list[np.ndarray]:
    """The stored weights in the order of a model's variables.

    By name where every name is found; otherwise by position, since older writers leave out
    the scope of a recurrent cell. Shapes must agree either way.

    Args:
        names: The variables' names, without `:0`.
        shapes: Their shapes.
        weights: What `read_weights` returned.

    Raises:
        ModelError: A weight is missing, or has another shape.
    """
    if all(name in weights for name in names):
        values = [weights[name] for name in names]
    else:
        values = list(weights.values())
    if len(values) != len(names) or len(values) != len(weights):
        missing = [name for name in names if name not in weights]
        raise ModelError(
            "A model file holds the weights that its architecture asks for.",
            received=f"{len(weights)} weights for {len(names)} variables"
            + (f"; no {missing[0]!r}" if missing else ""),
            hint="convert the model again, or copy all of its files.",
        )
    for name, shape, value in zip(names, shapes, values, strict=True):
        if tuple(value.shape) != shape:
            raise ModelError(
                "A stored weight has the shape of its variable.",
                received=f"{name!r}: stored {tuple(value.shape)}, needed {shape}",
                hint="topology and weights are of different models.",
            )
    return values
