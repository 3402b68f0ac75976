"""The weights of TensorFlow.js models: dequantized, and nonsense in the manifest refused."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import ModelError
from edgekit.frontend.load import tfjs
from tests.fuzz import damage

STORED = {
    "kernel": np.arange(6, dtype="<f4").reshape(2, 3),
    "codes": np.array([0, 128, 255], np.uint8),
    "halves": np.array([0.5, -2], np.float16),
    "empty": np.zeros((0, 4), np.int32),
}
QUANTIZED: dict[str, dict[str, Any]] = {
    "codes": {"dtype": "uint8", "scale": 0.5, "min": -1.0, "original_dtype": "float32"},
    "halves": {"dtype": "float16", "original_dtype": "float32"},
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Two groups, the weights of the first in two shards."""

    def entry(name: str) -> dict[str, Any]:
        value = STORED[name]
        stated = {"name": name, "shape": list(value.shape), "dtype": str(value.dtype)}
        if name in QUANTIZED:
            stated |= {"dtype": "float32", "quantization": QUANTIZED[name]}
        return stated

    content = STORED["kernel"].tobytes() + STORED["codes"].tobytes()
    (tmp_path / "a.bin").write_bytes(content[:7])
    (tmp_path / "b.bin").write_bytes(content[7:])
    (tmp_path / "c.bin").write_bytes(STORED["halves"].tobytes())
    payload = {
        "modelTopology": {"class_name": "Sequential", "config": {"layers": []}},
        "weightsManifest": [
            {"paths": ["a.bin", "b.bin"], "weights": [entry("kernel"), entry("codes")]},
            {"paths": ["c.bin"], "weights": [entry("halves"), entry("empty")]},
        ],
    }
    path = tmp_path / "model.json"
    path.write_text(json.dumps(payload))
    return path


def test_weights_are_dequantized(model: Path):
    weights = tfjs.read_weights(model, tfjs.read_topology(model)[1])
    assert list(weights) == list(STORED)
    np.testing.assert_array_equal(weights["kernel"], STORED["kernel"])
    np.testing.assert_array_equal(weights["codes"], np.float32([-1, 63, 126.5]))
    np.testing.assert_array_equal(weights["halves"], np.float32([0.5, -2]))
    assert weights["empty"].shape == (0, 4)
    assert {str(value.dtype) for value in weights.values()} == {"float32", "int32"}


def test_nonsense_in_the_manifest_is_the_files_fault(model: Path):
    honest = json.loads(model.read_text())
    refused = 0
    for seed in range(3000):
        changed = damage.odd_values(honest, np.random.default_rng(seed))
        model.write_text(json.dumps(changed))
        try:
            weights = tfjs.read_weights(model, tfjs.read_topology(model)[1])
        except ModelError as error:
            assert error.received and all(map(str.isprintable, str(error).split("\n")))
            refused += 1
        else:
            size = sum(value.size for value in weights.values())
            assert size <= sum(value.size for value in STORED.values())
    assert refused > 1000


@pytest.mark.parametrize("shape", [[2**40], [2**31, 2**31, 2**31], [True], [1.0, 6], [1] * 9])
def test_a_shape_is_a_few_sizes_that_its_bytes_bear_out(model: Path, shape: list[Any]):
    payload = json.loads(model.read_text())
    payload["weightsManifest"][0]["weights"][0]["shape"] = shape
    model.write_text(json.dumps(payload))
    with pytest.raises(ModelError):
        tfjs.read_weights(model, tfjs.read_topology(model)[1])


@pytest.mark.parametrize("value", ["1", None, [], math.nan, math.inf, 10**400])
def test_a_scale_is_a_finite_number(model: Path, value: Any):
    payload = json.loads(model.read_text())
    payload["weightsManifest"][0]["weights"][1]["quantization"]["scale"] = value
    model.write_text(json.dumps(payload))
    with pytest.raises(ModelError, match="finite scale"):
        tfjs.read_weights(model, tfjs.read_topology(model)[1])
