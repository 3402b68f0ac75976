"""What `inspect` tells of a file."""

from __future__ import annotations

import hashlib
import zlib
from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.core import serde
from edgekit.core.errors import ModelError

MODELS = Path(__file__).parents[1] / "models"


def test_an_int8_convolution_is_told_in_full() -> None:
    path = MODELS / "conv_2d.int8.tflite"
    content = path.read_bytes()
    found = tflite.inspect(path)
    assert found.sha256 == hashlib.sha256(content).hexdigest()
    assert found.size_bytes == len(content)
    assert found.compressed_bytes == len(zlib.compress(content, 9))
    counts = {op.name: (op.version, op.count, op.weight_bytes) for op in found.operators}
    # 8 filters of 3 by 3 by 4 in int8, and 8 biases in int32.
    assert counts == {"CONV_2D": (3, 1, 288 + 32), "QUANTIZE": (1, 1, 0), "DEQUANTIZE": (2, 1, 0)}
    assert found.operators[0].name == "CONV_2D"
    assert found.weight_bytes == 320
    assert [weight.size_bytes for weight in found.largest_weights] == [288, 32]
    assert found.largest_weights[0].shape == (8, 3, 3, 4)
    weight = next(q for q in found.quantized if q.num_scales == 8 and q.dtype == "int8")
    assert (weight.granularity, weight.zero_points) == ("per_channel", (0,))
    assert found.oldest_runtime == found.needed_runtime == "1.14.0"
    assert found.is_batch_static
    assert found.num_subgraphs == 1
    assert [(s.key, s.inputs, s.outputs) for s in found.signatures] == [
        ("serving_default", ("x",), ("y",))
    ]
    assert not found.flex_operators
    assert serde.to_dict(found)["operators"][0]["oldest_runtime"] == "1.14.0"


def test_a_file_whose_versions_are_too_low_is_pointed_out() -> None:
    found = tflite.inspect(MODELS / "conv_2d.int16x8.tflite")
    assert found.oldest_runtime == "1.14.0"
    assert found.needed_runtime == "2.3.0"
    assert any("garbage" in note and "2.3.0" in note for note in found.notes)


def test_stated_and_computed_runtime_are_compared(tmp_path: Path) -> None:
    content = (MODELS / "conv_2d.float32.tflite").read_bytes()
    contract = tflite.contract(content)
    path = tmp_path / "m.tflite"
    path.write_bytes(tflite.finish(content, contract=contract, name="m", description="A line."))
    found = tflite.inspect(path)
    assert found.description == "A line."
    assert found.stated_runtime == found.oldest_runtime == "1.5.0"
    assert not found.notes
    model = tflite.read(path)
    model.operatorCodes[0].version = 6
    path.write_bytes(tflite.to_bytes(model))
    (note,) = tflite.inspect(path).notes
    assert "1.5.0" in note
    assert "2.9.0" in note


def test_flex_and_custom_operators_are_counted_by_name(tmp_path: Path) -> None:
    model = tflite.read(MODELS / "rfft2d.float32.tflite")
    model.operatorCodes[0].builtinCode = model.operatorCodes[0].deprecatedBuiltinCode = 32
    model.operatorCodes[0].customCode = b"FlexRFFT2D"
    path = tmp_path / "m.tflite"
    path.write_bytes(tflite.to_bytes(model))
    assert tflite.inspect(path).flex_operators == {"FlexRFFT2D": 1}
    model.operatorCodes[0].customCode = b"TFLite_Detection_PostProcess"
    path.write_bytes(tflite.to_bytes(model))
    found = tflite.inspect(path)
    assert found.flex_operators == {}
    assert found.custom_operators == {"TFLite_Detection_PostProcess": 1}


def test_a_dynamic_batch_is_told(tmp_path: Path) -> None:
    model = tflite.read(MODELS / "fully_connected.float32.tflite")
    for index in (*model.subgraphs[0].inputs, *model.subgraphs[0].outputs):
        tensor = model.subgraphs[0].tensors[index]
        tensor.shapeSignature = [-1, *tensor.shape[1:]]
    path = tmp_path / "m.tflite"
    path.write_bytes(tflite.to_bytes(model))
    assert not tflite.inspect(path).is_batch_static


def test_garbage_is_a_model_error(tmp_path: Path) -> None:
    path = tmp_path / "m.tflite"
    path.write_bytes(b"not a model at all")
    with pytest.raises(ModelError, match="is not a TFLite file"):
        tflite.inspect(path)


@pytest.mark.corpus
def test_real_files_name_their_layers(corpus: Path) -> None:
    path = corpus / "resnet8_cifar10" / "pretrainedResnet_quant.tflite"
    found = tflite.inspect(path)
    assert {op.name for op in found.operators} >= {"CONV_2D", "FULLY_CONNECTED", "ADD"}
    assert found.largest_weights[0].layer.startswith("conv2d")
    assert found.compressed_bytes < found.size_bytes
