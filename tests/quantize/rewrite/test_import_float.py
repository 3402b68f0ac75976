"""An existing float `.tflite` takes the place of a Keras model; anything else is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import EdgekitError, ModelError, UsageError
from edgekit.data.samples import Samples
from edgekit.quantize.rewrite import engine, import_float

Fixture = Callable[[str], Path]


def run(path: Path, folder: Path, **options: Any) -> dict[str, Any]:
    request = {
        "model": str(path),
        "out": str(folder / "float.tflite"),
        "golden_out": str(folder / "golden.npz"),
        "calibration_out": str(folder / "calibration.npz"),
        "project": None,
        "calibration": None,
        "input_shapes": {},
        "golden_samples": 4,
        "calibration_samples": 10,
        "seed": 0,
        **options,
    }
    return import_float.run(request, lambda line: None)


def test_a_float_file_is_taken_with_synthetic_samples(
    fixture_model: Fixture, tmp_path: Path
) -> None:
    path = fixture_model("conv_2d.float32")
    result = run(path, tmp_path)
    assert (result["golden"], result["calibration_sha256"], result["notes"]) == (
        "synthetic",
        None,
        [],
    )
    golden = Samples.load(tmp_path / "golden.npz")
    (spec,) = tflite.contract(path).inputs
    assert golden.inputs[spec.name].shape == (4, *spec.shape[1:])
    assert not (tmp_path / "calibration.npz").exists()


def test_samples_are_drawn_apart(fixture_model: Fixture, tmp_path: Path) -> None:
    path = fixture_model("fully_connected.float32")
    (spec,) = tflite.contract(path).inputs
    x = np.random.default_rng(0).normal(size=(50, *spec.shape[1:])).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x)
    result = run(path, tmp_path, calibration=str(tmp_path / "data.npz"))
    golden = Samples.load(tmp_path / "golden.npz")
    calibration = Samples.load(tmp_path / "calibration.npz")
    assert result["golden"] == "data"
    assert result["calibration_sha256"] == calibration.sha256
    assert not set(golden.digests()) & set(calibration.digests())


def without_signature(path: Path, target: Path) -> Path:
    model = tflite.read(path)
    model.signatureDefs = None
    target.write_bytes(tflite.to_bytes(model))
    return target


def test_a_file_without_a_signature_gets_one(fixture_model: Fixture, tmp_path: Path) -> None:
    path = without_signature(fixture_model("conv_2d.float32"), tmp_path / "bare.tflite")
    result = run(path, tmp_path)
    (signature,) = tflite.read(tmp_path / "float.tflite").signatureDefs
    assert signature.signatureKey == b"serving_default"
    names = [entry.name.decode() for entry in signature.inputs]
    assert names == [spec["name"] for spec in result["contract"]["inputs"]]


def with_two_signatures(path: Path, target: Path, keys: tuple[bytes, bytes]) -> Path:
    import copy

    model = tflite.read(path)
    (first,) = model.signatureDefs
    second = copy.deepcopy(first)
    first.signatureKey, second.signatureKey = keys
    model.signatureDefs = [first, second]
    target.write_bytes(tflite.to_bytes(model))
    return target


def test_of_several_signatures_one_is_the_default(fixture_model: Fixture, tmp_path: Path) -> None:
    path = fixture_model("conv_2d.float32")
    two = with_two_signatures(path, tmp_path / "two.tflite", (b"one", b"two"))
    with pytest.raises(ModelError, match="several signatures"):
        run(two, tmp_path)


def test_a_free_batch_becomes_one_and_other_sizes_stay_open(
    fixture_model: Fixture, tmp_path: Path
) -> None:
    model = tflite.read(fixture_model("conv_2d.float32"))
    graph = model.subgraphs[0]
    for tensor in (graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]):
        tensor.shapeSignature = [-1, -1, -1, tensor.shape[3]]
    path = tmp_path / "open.tflite"
    path.write_bytes(tflite.to_bytes(model))
    result = run(path, tmp_path)
    (spec,) = result["contract"]["inputs"]
    assert spec["shape"] == [1, -1, -1, 4]
    (note,) = result["notes"]
    assert "unknown sizes" in note
    # One that was only free in its batch is a plain file of batch 1.
    for tensor in (graph.tensors[graph.inputs[0]], graph.tensors[graph.outputs[0]]):
        tensor.shapeSignature = [-1, *tensor.shape[1:]]
    path.write_bytes(tflite.to_bytes(model))
    result = run(path, tmp_path)
    assert [s["shape"][0] for s in result["contract"]["inputs"]] == [1]
    assert [s["shape"][0] for s in result["contract"]["outputs"]] == [1]
    assert result["notes"] == []


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("conv_2d.int8", r"CONV_2D \(int8\)"),
        ("conv_2d_wide.dynamic", r"CONV_2D \(int8\)"),
        ("fully_connected.int16x8", r"FULLY_CONNECTED"),
        ("conv_2d.float16", "2 tensors of float16"),
    ],
)
def test_a_quantized_file_is_refused(
    fixture_model: Fixture, tmp_path: Path, name: str, what: str
) -> None:
    with pytest.raises(ModelError, match=f"is quantized already: (.|\n)*{what}"):
        run(fixture_model(name), tmp_path)


@pytest.mark.parametrize("recipe", ["float16", "weight_only_wi8_afp32", "weight_only_wi4_afp32"])
def test_what_edgekit_made_is_no_float_file(
    fixture_model: Fixture, tmp_path: Path, recipe: str
) -> None:
    path = tmp_path / "made.tflite"
    content = fixture_model("fully_connected.float32").read_bytes()
    path.write_bytes(engine.quantize(content, recipes.get(recipe), None))
    with pytest.raises(ModelError, match="is quantized already"):
        run(path, tmp_path)


def test_input_shapes_are_for_keras_models(fixture_model: Fixture, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be used with a"):
        run(fixture_model("conv_2d.float32"), tmp_path, input_shapes={"x": [1, 2]})


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 zip", b"\0\0\0\0TFL3 and no more"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.tflite"
    path.write_bytes(content)
    with pytest.raises(EdgekitError):
        run(path, tmp_path)
    assert not (tmp_path / "float.tflite").exists()
