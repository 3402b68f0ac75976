"""Build a model and export it, on request, in one process that imports TensorFlow once.

Speaks the line protocol of `edgekit.core.process`. Beside each model lies `NAME.keras.npz` with
`in:INPUT` and `out:NUMBER` arrays, as Keras computed them before it saved the model.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np
from export_models import builders, save

from edgekit.core import serde
from edgekit.core.errors import EdgekitError
from edgekit.data.export_messages import DrawRequest, ExportRequest
from edgekit.frontend.export import export


def model_file(name: str, folder: Path, made: dict[str, Any], libraries: tuple[Any, Any]) -> Path:
    """Build and save the model of that name, once."""
    keras, tf_keras = libraries
    for path in (folder / name, folder / f"{name}.keras", folder / f"{name}.h5"):
        if path.exists():
            return path
    old = "_k2" in name
    (tf_keras if old else keras).utils.set_random_seed(7)
    model, ending = made[name]()
    path = folder / f"{name}{ending}"
    _keep(model, folder / f"{name}.keras.npz")
    save(model, ending, path, old)
    return path


def _keep(model: Any, path: Path) -> None:
    if not hasattr(model, "inputs") or not model.inputs:
        return
    rng = np.random.default_rng(3)
    arrays = {}
    for tensor in model.inputs:
        shape = [6 if size is None else size for size in tensor.shape]
        shape[0] = 5
        dtype = str(getattr(tensor.dtype, "name", tensor.dtype))
        if dtype == "string":
            return
        values = rng.integers(0, 9, shape) if "int" in dtype else rng.normal(size=shape)
        arrays[tensor.name.split(":")[0]] = values.astype(dtype)
    given = list(arrays.values())
    outputs = model(given if len(given) > 1 else given[0], training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    kept = {f"in:{name}": value for name, value in arrays.items()}
    kept |= {f"out:{number}": np.asarray(value) for number, value in enumerate(outputs)}
    np.savez(path, **kept)


def answer(request: dict[str, Any], folder: Path, made: dict[str, Any], libraries: Any) -> Any:
    """Build the model `name`, export it to files that begin with `stem`."""
    name = request.pop("name")
    stem = request.pop("stem", name)
    path = model_file(name, folder, made, libraries)
    asked = ExportRequest(
        model=path,
        draw=DrawRequest(
            calibration=None,
            golden_samples=8,
            calibration_samples=0,
            golden_out=folder / f"{stem}.golden.npz",
            calibration_out=folder / f"{stem}.calibration.npz",
            training_out=folder / f"{stem}.training.npz",
        ),
        out=folder / f"{stem}.float.tflite",
        input_shapes={k: tuple(v) for k, v in request.pop("input_shapes", {}).items()},
        custom_objects=request.pop("custom_objects", "export_layers:OBJECTS"),
    )
    assert not request, request
    result = export.run(asked, lambda line: None)
    return {
        "contract": serde.to_dict(result.contract),
        "notes": list(result.notes),
        "request": serde.to_dict(asked),
        "model": str(asked.model),
        "out": str(asked.out),
        "golden_out": str(asked.draw.golden_out),
    }


def main(folder: Path) -> None:
    """Serve until standard input closes."""
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    import keras
    import tf_keras

    made = builders(keras, tf_keras)
    for line in sys.stdin:
        try:
            result = answer(json.loads(line), folder, made, (keras, tf_keras))
            payload: dict[str, Any] = {"result": result}
        except EdgekitError as error:
            payload = {"error": error.to_dict()}
        except Exception:
            payload = {"result": {"internal_error": traceback.format_exc()}}
        answers.write(json.dumps(payload) + "\n")
        answers.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
