"""Names on disk: what was done before a recipe stands between the name and the recipe."""

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core import artifacts, recipes
from edgekit.core.records import Artifact, Contract, Pruning, Training

PRUNE = Pruning(sparsity=0.5)
TUNED = Training(data="d")
AWARE = replace(TUNED, quantization_aware=True)


@pytest.mark.parametrize(
    ("prune", "training", "name", "origin"),
    [
        (None, None, "net.static_wi8_ai8.tflite", "net.float32.tflite"),
        (PRUNE, None, "net.pruned.static_wi8_ai8.tflite", "net.pruned.float32.tflite"),
        (PRUNE, TUNED, "net.pruned.static_wi8_ai8.tflite", "net.pruned.float32.tflite"),
        (None, AWARE, "net.qat.static_wi8_ai8.tflite", "net.float32.tflite"),
        (PRUNE, AWARE, "net.pruned.qat.static_wi8_ai8.tflite", "net.pruned.float32.tflite"),
    ],
)
def test_every_file_knows_its_reference_and_its_origin(prune, training, name, origin):
    recipe = replace(recipes.get("static_wi8_ai8"), prune=prune, training=training)
    path = artifacts.tflite_path(Path("out"), "net", recipe)
    assert path == Path("out", name)
    made = Artifact(
        path=str(path),
        sha256="0",
        size_bytes=1,
        compressed_bytes=1,
        recipe=recipe,
        contract=Contract(inputs=(), outputs=()),
        source_sha256="0",
        float_sha256="0",
    )
    assert artifacts.float_path(made) == Path("out", "net.float32.tflite")
    assert artifacts.origin_path(made) == Path("out", origin)
    assert artifacts.manifest_path(path).name == name.replace(".tflite", ".json")
