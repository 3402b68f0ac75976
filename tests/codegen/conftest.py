"""Small converted models to bundle, made without TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import edgekit
from edgekit import tflite
from edgekit.core.records import ConvertOptions

TESTS = Path(__file__).parents[1]
DENSE = TESTS / "models" / "fully_connected.float32.tflite"  # x (1, 12) to y (1, 8)
LABELS = ["zero", 'say "hi"', "$1", "back\\slash", "数字", "e\u0301 *//*??/", "\U0001f600"]

IMAGE = """
[input.x]
kind = "image"
size = [3, 4]
channels = "gray"
mean = 127.5
std = 63.75

[output.y]
labels = "labels.txt"
"""


def convert(
    model: Path,
    folder: Path,
    toml: str = "",
    recipes: Sequence[str] = ("float32",),
    name: str = "net",
    **options: Any,
) -> list[Path]:
    """The converted files of a `.tflite`, in a folder, by an `edgekit.toml` beside it."""
    folder.mkdir(parents=True, exist_ok=True)
    source = folder / "source" / "net.tflite"
    source.parent.mkdir()
    source.write_bytes(model.read_bytes())
    (source.parent / "edgekit.toml").write_text(f'model = "net.tflite"\n{toml}', encoding="utf-8")
    (source.parent / "labels.txt").write_text("\n".join([*LABELS, "last"]), encoding="utf-8")
    calibration = None
    if any(recipe.startswith("static") for recipe in recipes):
        [spec] = tflite.contract(source).inputs
        samples = np.random.default_rng(0).integers(0, 256, (40, *spec.shape[1:]))
        calibration = str(source.parent / "data.npz")
        np.savez(calibration, **{spec.name: samples.astype(np.uint8)})
    made = edgekit.convert(
        source,
        output=folder / "out",
        name=name,
        calibration=calibration,
        options=ConvertOptions(recipes=tuple(recipes), raw=True, **options),
    )
    found = {artifact.recipe.label: Path(artifact.path) for artifact in made}
    return [folder / "out" / found[recipe].name for recipe in recipes]


@pytest.fixture(scope="session")
def net(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A gray image of 3 by 4 to 8 labelled classes: a float32 file and an int8 one."""
    folder = tmp_path_factory.mktemp("net")
    model = tflite.read(DENSE)
    graph = model.subgraphs[0]
    # A dense layer takes an input of any rank as one of 12.
    graph.tensors[graph.inputs[0]].shape = np.array([1, 3, 4, 1], np.int32)
    graph.tensors[graph.inputs[0]].shapeSignature = None
    path = folder / "image.tflite"
    path.write_bytes(tflite.to_bytes(model))
    return convert(path, folder, IMAGE, ("float32", "static_wi8_ai8"))
