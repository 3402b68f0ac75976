"""Boxes of hundreds and scores of about one in one output, converted without TensorFlow.

`python -m tests.codegen.columns_bundle FOLDER` writes a bundle of it, for `checks/`: contract,
models and golden samples.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np

import edgekit
from edgekit import tflite
from edgekit.core.records import ConvertOptions

# A dense layer of 12 values to 8; of so many, its weights are worth storing as integers.
_DENSE = Path(__file__).parents[1] / "models" / "fully_connected.float32.tflite"
_WIDTH = 256
BOXES, SCORES = (0, 4), (4, 8)
_TOML = f"""
model = "columns.tflite"

[output.y]
columns = {{ boxes = {list(BOXES)}, scores = {list(SCORES)} }}
"""


def write_model(path: Path) -> None:
    """A dense layer of 256 values to 4 columns of hundreds and 4 of about one."""
    model = tflite.read(_DENSE)
    graph = model.subgraphs[0]
    [dense] = list(tflite.operators(model))
    weights = graph.tensors[dense.inputs[1].index]
    values = np.random.default_rng(0).normal(size=(SCORES[1], _WIDTH)).astype(np.float32) / 16
    values[slice(*BOXES)] *= 320
    weights.shape = np.array(values.shape, np.int32)
    model.buffers[weights.buffer].data = np.frombuffer(values.tobytes(), np.uint8)
    x = graph.tensors[graph.inputs[0]]
    x.shape, x.shapeSignature = np.array([1, _WIDTH], np.int32), None
    path.write_bytes(tflite.to_bytes(model))


def convert(folder: Path) -> list[Path]:
    """Its float file, and one with integer weights whose outputs are float."""
    source = folder / "source" / "columns.tflite"
    source.parent.mkdir(parents=True)
    write_model(source)
    (source.parent / "edgekit.toml").write_text(_TOML, encoding="utf-8")
    samples = np.random.default_rng(1).normal(size=(40, _WIDTH)).astype(np.float32)
    np.savez(source.parent / "data.npz", x=samples)
    made = edgekit.convert(
        source,
        output=folder / "out",
        name="columns",
        calibration=str(source.parent / "data.npz"),
        options=ConvertOptions(recipes=("dynamic_wi8_afp32",)),
    )
    return [Path(artifact.path) for artifact in made]


def main(folder: Path) -> None:
    """Convert, and write the bundle."""
    from edgekit.pipeline.bundle.bundle import bundle

    with tempfile.TemporaryDirectory() as scratch:
        bundle(convert(Path(scratch)), {"python": Path(scratch) / "bundle"})
        shutil.move(Path(scratch) / "bundle", folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
