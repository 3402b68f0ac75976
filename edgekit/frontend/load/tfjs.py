"""TensorFlow.js models: a topology as JSON, weights in binary shards.

The format is that of the TensorFlow.js converter: `weightsManifest` lists groups; the
bytes of a group's `paths`, joined, hold its `weights` one after another. A quantized
weight stores `uint8` or `uint16` codes, `value = code * scale + min`, or float16.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.core.errors import ModelError, reading
from edgekit.core.text import printable
from edgekit.frontend.load.archive import DAMAGED, read_json

_DTYPES = ("float32", "float16", "int32", "int16", "uint16", "int8", "uint8", "bool")
_MOST_SIZE, _MOST_DIMENSIONS, _MOST_VALUE = 2**31, 8, 1e38


@dataclass(frozen=True, slots=True, kw_only=True)
class _Weight:
    """One entry of the manifest: `value = code * scale + low`, where it is quantized."""

    name: str
    shape: tuple[int, ...]
    stored: np.dtype[Any]
    used: np.dtype[Any]
    scale: float
    low: float

    @property
    def nbytes(self) -> int:
        return math.prod(self.shape) * self.stored.itemsize


def read_topology(path: Path) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The Keras configuration and the weights manifest of a `model.json`.

    Raises:
        ModelError: Not JSON, or one of the two is missing.
    """
    payload = read_json(path, path.read_bytes(), "A TensorFlow.js model.json")
    topology = payload.get("modelTopology")
    config = topology.get("model_config", topology) if isinstance(topology, dict) else None
    if not isinstance(config, dict) or "class_name" not in config:
        raise ModelError(
            "modelTopology of the layers model must hold a Keras configuration.",
            received=f"{path.name}: {printable(str(topology)[:80])}",
            hint="convert it again with the TensorFlow.js converter, to tfjs_layers_model.",
        )
    return config, read_manifest(path, payload)


def read_manifest(path: Path, payload: dict[str, Any]) -> list[dict[str, Any]]:
    """The groups of weights that a `model.json` lists.

    Raises:
        ModelError: It lists none.
    """
    manifest = payload.get("weightsManifest")
    if not isinstance(manifest, list) or not all(isinstance(group, dict) for group in manifest):
        raise ModelError(
            "model.json must list its weights in weightsManifest.",
            received=f"{path.name}: {printable(str(manifest)[:80])}",
            hint="save the model with its weights.",
        )
    return manifest


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
        entries = [_weight(path, entry) for entry in _list(path, group, "weights")]
        paths = _list(path, group, "paths")
        content = b"".join(_shard(path, str(name)) for name in paths)
        needed = sum(entry.nbytes for entry in entries)
        if len(content) != needed:
            raise ModelError(
                "The shards of a TensorFlow.js model must hold exactly its weights.",
                received=f"{printable(', '.join(map(str, paths)))}: {len(content)} bytes "
                f"for weights of {needed}",
                hint="copy or download all .bin files again.",
            )
        start = 0
        for entry in entries:
            weights[entry.name] = _values(content[start : start + entry.nbytes], entry)
            start += entry.nbytes
    return weights


def is_quantized(manifest: list[dict[str, Any]]) -> bool:
    """Whether any weight is stored in fewer bits than it is used in."""
    return any(entry.get("quantization") for group in manifest for entry in group["weights"])


def _list(path: Path, group: dict[str, Any], key: str) -> list[Any]:
    value = group.get(key, [])
    if not isinstance(value, list):
        raise _bad_entry(path, group, f"a list of {key}")
    return value


def _shard(path: Path, name: str) -> bytes:
    folder = path.parent.resolve()
    with reading(
        name,
        "A shard of the TensorFlow.js model could not be read.",
        kind=ModelError,
        hint=f"copy {printable(name)} into {path.parent}.",
    ):
        shard = (folder / name).resolve()
        if not shard.is_relative_to(folder) or "://" in name:
            raise ModelError(
                "The shards of a TensorFlow.js model must lie in its folder.",
                received=f"{path.name} names {printable(repr(name))}",
                hint="download the shards beside model.json and name them without a path.",
            )
        return shard.read_bytes()


def _weight(path: Path, entry: Any) -> _Weight:
    if not isinstance(entry, dict) or not isinstance(entry.get("name"), str):
        raise _bad_entry(path, entry, "a name")
    quantization = entry.get("quantization") or {}
    if not isinstance(quantization, dict):
        raise _bad_entry(path, entry, "a quantization")
    stored = quantization.get("dtype", entry.get("dtype"))
    used = quantization.get("original_dtype", "float32") if quantization else stored
    if stored not in _DTYPES or used not in _DTYPES:
        raise _bad_entry(path, entry, f"a dtype of {', '.join(_DTYPES)}")
    shape = entry.get("shape")
    if (
        not isinstance(shape, list)
        or len(shape) > _MOST_DIMENSIONS
        or not all(map(_is_size, shape))
    ):
        raise _bad_entry(path, entry, "a shape")
    scale, low = quantization.get("scale", 1), quantization.get("min", 0)
    if not (_is_finite(scale) and _is_finite(low)):
        raise _bad_entry(path, entry, "a finite scale and min")
    return _Weight(
        name=entry["name"],
        shape=tuple(shape),
        stored=np.dtype(stored).newbyteorder("<"),
        used=np.dtype(used),
        scale=float(scale),
        low=float(low),
    )


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MOST_SIZE


def _is_finite(value: Any) -> bool:
    return isinstance(value, (int, float)) and abs(value) < _MOST_VALUE


def _bad_entry(path: Path, entry: Any, what: str) -> ModelError:
    return ModelError(
        f"Each weight of weightsManifest must have a name and {what}.",
        received=f"{path.name}: {printable(str(entry)[:120])}",
        hint=f"{DAMAGED} Or convert the model again with the TensorFlow.js converter.",
    )


def _values(content: bytes, entry: _Weight) -> np.ndarray:
    values = np.frombuffer(content, entry.stored).reshape(entry.shape)
    if entry.stored.kind == "f" or (entry.scale, entry.low) == (1.0, 0.0):
        return values.astype(entry.used, copy=False)
    with np.errstate(all="ignore"):
        return (values.astype(np.float64) * entry.scale + entry.low).astype(entry.used)


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
            "The model file does not hold the weights that its architecture asks for.",
            received=f"{len(weights)} weights for {len(names)} variables"
            + (f"; no {missing[0]!r}" if missing else ""),
            hint="convert the model again, or copy all of its files.",
        )
    for name, shape, value in zip(names, shapes, values, strict=True):
        if tuple(value.shape) != shape:
            raise ModelError(
                "A stored weight must have the shape of its variable.",
                received=f"{name!r}: stored {tuple(value.shape)}, needed {shape}",
                hint="topology and weights are of different models.",
            )
    return values
