"""Answer requests about loaded models, in a process that may import TensorFlow.

One process serves a whole test session: TensorFlow takes seconds to import. Speaks the
line protocol of `edgekit.core.process`.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Any

import numpy as np

from edgekit.core import serde
from edgekit.core.errors import EdgekitError
from edgekit.frontend.load.load import load


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Load a model and say what it is; `samples` compares it with Keras' own outputs."""
    model = load(
        Path(request["path"]),
        unsafe=request.get("unsafe", False),
        custom_objects=request.get("custom_objects"),
        builder=request.get("builder"),
    )
    result: dict[str, Any] = {
        "kind": model.kind,
        "name": model.name,
        "inputs": serde.to_dict(model.inputs),
        "outputs": serde.to_dict(model.outputs),
        "layers": list(model.layers),
        "id_limits": dict(model.id_limits),
        "notes": list(model.notes),
    }
    if "samples" in request:
        arrays = np.load(request["samples"])
        inputs = {key[3:]: arrays[key] for key in arrays.files if key.startswith("in:")}
        got = model.predict(inputs, batch_size=request.get("batch_size", 32))
        result["errors"] = {
            key[4:]: _error(arrays[key], got.get(key[4:]))
            for key in arrays.files
            if key.startswith("out:")
        }
    if "top1" in request:
        result["top1"] = _top1(model, **request["top1"])
    if "predict" in request:
        given = {key: np.asarray(value) for key, value in request["predict"].items()}
        result["predicted"] = {key: value.tolist() for key, value in model.predict(given).items()}
    if request.get("convert"):
        result["export_errors"] = _export_errors(model)
    return result


def _error(expected: np.ndarray, got: np.ndarray | None) -> float:
    if got is None or got.shape != expected.shape:
        return float("inf")
    return float(np.max(np.abs(got - expected)))


def _top1(model: Any, data: str, count: int, scale: float, shift: float) -> float:
    arrays = np.load(data)
    chosen = np.random.default_rng(0).permutation(len(arrays["y"]))[:count]
    x = (arrays["x"][chosen].astype(np.float32) - shift) * scale
    scores = next(iter(model.predict({model.inputs[0].name: x}).values()))
    return float(np.mean(np.argmax(scores, axis=-1) == arrays["y"][chosen]))


def _export_errors(model: Any) -> dict[str, float]:
    """Relative error of each output after a conversion as the export stage does it."""
    import tensorflow as tf
    from ai_edge_litert.interpreter import Interpreter

    rng = np.random.default_rng(0)
    shapes = {
        spec.name: [max(spec.shape[0], 1), *(16 if n < 0 else n for n in spec.shape[1:])]
        for spec in model.inputs
    }
    inputs = {
        spec.name: (
            rng.integers(0, model.id_limits[spec.name], shapes[spec.name])
            if spec.name in model.id_limits
            else rng.normal(size=shapes[spec.name])
        ).astype(spec.dtype)
        for spec in model.inputs
    }
    specs = {
        spec.name: tf.TensorSpec(shapes[spec.name], spec.dtype, name=spec.name)
        for spec in model.inputs
    }
    concrete = tf.function(model.call).get_concrete_function(specs)
    converter = tf.lite.TFLiteConverter.from_concrete_functions([concrete], model.trackable)
    runner = Interpreter(model_content=converter.convert()).get_signature_runner()
    got, expected = runner(**inputs), model.predict(inputs)
    return {
        name: float(np.linalg.norm(got[name] - value) / (np.linalg.norm(value) + 1e-12))
        for name, value in expected.items()
    }


def main() -> None:
    """Serve until standard input closes."""
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    if len(sys.argv) > 1:
        os.chdir(sys.argv[1])
    for line in sys.stdin:
        try:
            payload: dict[str, Any] = {"result": answer(json.loads(line))}
        except EdgekitError as error:
            payload = {"error": error.to_dict()}
        except Exception:
            payload = {"result": {"internal_error": traceback.format_exc()}}
        answers.write(json.dumps(payload) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
