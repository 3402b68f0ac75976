"""Run a bundle's models on the machine that this Python is for, and write what they compute.

    python run_bundle.py BUNDLE OUT

BUNDLE holds `contract.json` and, at any depth, the files that it names. OUT gets one file for each
variant, `VARIANT.npy`: uint8 `(samples, bytes)`, the outputs of every sample one after the other,
as the model stores them. The samples are the golden ones, then as many drawn ones (`drawn`).

It runs in emulated arm64 and on the host alike, and needs NumPy and ai-edge-litert only.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from pathlib import Path
from typing import Any

import numpy as np

# Drawn for each golden sample: kernels are compared on more than the eight that a bundle carries.
DRAWN_PER_GOLDEN = 16


def main() -> None:
    """Run all variants of the bundle named on the command line."""
    bundle, out = Path(sys.argv[1]), Path(sys.argv[2])
    contract = json.loads((bundle / "contract.json").read_text(encoding="utf-8"))
    out.mkdir(parents=True, exist_ok=True)
    for model in contract["models"]:
        golden = model["golden"]
        content = _read(bundle, model["file"], model["sha256"])
        samples = np.frombuffer(_read(bundle, golden["file"], golden["sha256"]), np.uint8)
        size = golden["num_samples"] * golden["sample_bytes"]  # raw data and labels follow
        samples = samples[:size].reshape(golden["num_samples"], golden["sample_bytes"])
        inputs = {
            tensor["name"]: _tensor(samples, tensor)
            for tensor in golden["tensors"]
            if tensor["role"] == "input"
        }
        names = [tensor["name"] for tensor in golden["tensors"] if tensor["role"] == "output"]
        everything = {name: np.concatenate([a, drawn(a)]) for name, a in inputs.items()}
        np.save(out / f"{model['variant']}.npy", _outputs(content, everything, names))
    print(platform.machine())


def drawn(samples: np.ndarray, per_sample: int = DRAWN_PER_GOLDEN) -> np.ndarray:
    """New samples of the golden ones' own values: each element is one golden sample's there.

    Whatever the dtype, every value is one that the input really takes. The draw is the same
    everywhere.

    Args:
        samples: Golden inputs, `(n, ...)`.
        per_sample: How many to draw for each.

    Returns:
        `(n * per_sample, ...)`.
    """
    rng = np.random.default_rng(6)
    flat = samples.reshape(len(samples), -1)
    picks = rng.integers(0, len(flat), (len(flat) * per_sample, flat.shape[1]))
    mixed = np.take_along_axis(flat, picks, axis=0)
    return mixed.reshape((-1, *samples.shape[1:]))


def _read(bundle: Path, name: str, sha256: str) -> bytes:
    found = sorted(bundle.rglob(name))
    if not found:
        raise SystemExit(f"{bundle} does not hold {name}")
    content = found[0].read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise SystemExit(f"{found[0]} is not the file that contract.json describes")
    return content


def _tensor(samples: np.ndarray, tensor: dict[str, Any]) -> np.ndarray:
    """The samples' values of a tensor, `(n, *shape)`; the shape has the batch of 1."""
    part = samples[:, tensor["offset"] : tensor["offset"] + tensor["num_bytes"]]
    dtype = np.dtype(tensor["dtype"]).newbyteorder("<")
    values: np.ndarray = np.ascontiguousarray(part).view(dtype)
    return values.reshape((len(samples), *tensor["shape"]))


def _outputs(model: bytes, inputs: dict[str, np.ndarray], names: list[str]) -> np.ndarray:
    """What LiteRT's interpreter computes, as bytes: one row for each sample."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=model, num_threads=1).get_signature_runner()
    rows = []
    for index in range(len(next(iter(inputs.values())))):
        found = runner(**{name: array[index] for name, array in inputs.items()})
        rows.append(b"".join(np.ascontiguousarray(found[name]).tobytes() for name in names))
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)


if __name__ == "__main__":
    main()
