"""Write `.h5` files of Keras 2 by hand, as releases and packages that are not here did. No test."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np

Weights = Mapping[str, Mapping[str, np.ndarray]]
"""By layer, the weights in their order by name."""


def write(
    path: Path, layers: list[dict[str, Any]], weights: Weights, version: str = "2.15.0"
) -> Path:
    """A Sequential of these layers, each with its `class_name` and its `config`."""
    old = version.startswith(("2.0.", "2.1."))
    config: Any = layers if old else {"name": "net", "layers": layers}
    with h5py.File(path, "w") as file:
        model = {"class_name": "Sequential", "config": config}
        file.attrs["model_config"] = json.dumps(model).encode()
        stored = file.create_group("model_weights")
        for holder in (file, stored):
            holder.attrs["keras_version"] = version.encode()
            holder.attrs["backend"] = b"tensorflow"
        stored.attrs["layer_names"] = [name.encode() for name in weights]
        for layer, arrays in weights.items():
            group = stored.create_group(layer)
            group.attrs["weight_names"] = [f"{name}:0".encode() for name in arrays]
            for name, array in arrays.items():
                group.create_dataset(f"{name}:0", data=array)
    return path


def keep(path: Path, inputs: Mapping[str, np.ndarray], outputs: Mapping[str, np.ndarray]) -> Path:
    """What a model computes, as the loading worker compares it."""
    arrays = {f"in:{name}": array for name, array in inputs.items()}
    arrays |= {f"out:{name}": array.astype(np.float32) for name, array in outputs.items()}
    np.savez(path, **arrays)
    return path
