"""Whole files are read; every other file is a ModelError of its own."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit import tflite
from edgekit.core.errors import ModelError
from edgekit.tflite import enums, source_layers

MODELS = Path(__file__).parents[1] / "models"
FILES = sorted(MODELS.glob("*.tflite"))
CONV = (MODELS / "conv_2d.int8.tflite").read_bytes()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_fixture_survives_reading_and_writing(path: Path) -> None:
    model = tflite.read(path)
    content = tflite.to_bytes(model)
    again = tflite.read(content)
    assert [op.name for op in tflite.operators(again)] == [
        op.name for op in tflite.operators(model)
    ]
    assert tflite.to_bytes(again) == content


def test_weights_lie_at_multiples_of_16_bytes() -> None:
    content = tflite.to_bytes(tflite.read(CONV))
    model = tflite.read(content)
    checked = 0
    for tensor in tflite.tensors(model):
        if tensor.weight_bytes >= 16:
            data = bytes(model.buffers[tensor.buffer].data)
            assert content.index(data) % 16 == 0
            checked += 1
    assert checked >= 2


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "0 bytes"),
        (b"PK\x03\x04" + bytes(50), "zip"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "HDF5"),
        (b"version https://git-lfs.github.com/spec/v1\n", "LFS"),
        (b"<!DOCTYPE html><html>", "markup"),
        (bytes(1000), "1000 bytes"),
        (b"\x1c\0\0\0TFL3", "leads out of it"),
    ],
)
def test_other_files_are_named_for_what_they_are(content: bytes, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        tflite.read(content)
    assert says in str(caught.value)
    assert caught.value.hint


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="was not found"):
        tflite.read(tmp_path / "none.tflite")
    with pytest.raises(ModelError, match="a folder"):
        tflite.read(tmp_path)


@pytest.mark.parametrize("kept", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("name", ["conv_2d.int8", "fully_connected.float32", "rfft2d.float32"])
def test_a_file_that_is_cut_off_is_refused(name: str, kept: float) -> None:
    content = (MODELS / f"{name}.tflite").read_bytes()
    with pytest.raises(ModelError, match="cut off or damaged"):
        tflite.read(content[: int(len(content) * kept)])


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.integers(8, len(CONV) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_a_model_or_a_model_error(position: int, value: int) -> None:
    content = bytearray(CONV)
    content[position] = value
    try:
        model = tflite.read(bytes(content))
    except ModelError:
        return
    # What passed the checks can be looked at without another exception.
    for op in tflite.operators(model):
        assert op.name or op.is_custom
        for tensor in op.constants:
            assert tensor.weight_bytes > 0


def test_a_weight_of_the_wrong_size_is_refused() -> None:
    model = tflite.read(CONV)
    weight = next(t for t in tflite.tensors(model) if t.weight_bytes > 100)
    model.buffers[weight.buffer].data = model.buffers[weight.buffer].data[:-1]
    with pytest.raises(ModelError, match=f"needs {weight.weight_bytes} bytes"):
        tflite.read(tflite.to_bytes(model))


def test_an_unknown_code_that_no_operator_has_is_left_alone() -> None:
    model = tflite.read(CONV)
    model.operatorCodes.append(copy.copy(model.operatorCodes[0]))
    model.operatorCodes[-1].builtinCode = 10_000
    again = tflite.read(tflite.to_bytes(model))
    assert [op.name for op in tflite.operators(again)].count("CONV_2D") == 1


def test_operators_of_old_files_are_not_taken_for_add() -> None:
    model = tflite.read(MODELS / "fully_connected.float32.tflite")
    for code in model.operatorCodes:
        code.builtinCode = 0  # as files from before 2020 have it
    again = tflite.read(tflite.to_bytes(model))
    assert [op.name for op in tflite.operators(again)] == ["FULLY_CONNECTED"]
    assert again.operatorCodes[0].builtinCode == enums.operator_numbers()["FULLY_CONNECTED"]


def test_values_of_a_weight_are_those_of_the_file() -> None:
    model = tflite.read(CONV)
    op = next(op for op in tflite.operators(model) if op.name == "CONV_2D")
    weight = op.inputs[1]
    codes = tflite.values(model, weight)
    assert codes is not None
    assert codes.shape == weight.shape == (8, 3, 3, 4)
    assert codes.dtype == np.int8
    # Symmetric int8: each channel's largest weight is 127 scales from zero.
    assert np.abs(codes.astype(int)).reshape(8, -1).max(axis=1).tolist() == [127] * 8
    assert len(weight.scale) == 8
    assert weight.quantization is not None
    assert weight.quantization.granularity == "per_channel"
    assert tflite.values(model, op.inputs[0]) is None


@pytest.mark.parametrize(("dtype", "low", "high"), [("INT4", -8, 7), ("INT2", -2, 1)])
@pytest.mark.parametrize("count", [1, 2, 5, 16])
def test_packed_integers_unpack_lowest_bits_first(
    dtype: str, low: int, high: int, count: int
) -> None:
    from ai_edge_litert import schema_py_generated as generated

    bits = 4 if dtype == "INT4" else 2
    codes = np.random.default_rng(count).integers(low, high + 1, count)
    packed = np.zeros((count * bits + 7) // 8, np.uint8)
    for i, code in enumerate(codes):
        packed[i * bits // 8] |= (int(code) & (2**bits - 1)) << (i * bits % 8)
    model = tflite.read(CONV)
    model.buffers.append(generated.BufferT(data=packed))
    number = getattr(generated.TensorType, dtype)
    model.subgraphs[0].tensors.append(
        generated.TensorT(shape=[count], type=number, buffer=len(model.buffers) - 1, name=b"w")
    )
    model = tflite.read(tflite.to_bytes(model))
    values = tflite.values(model, tflite.tensors(model)[-1])
    assert values is not None
    assert values.tolist() == codes.tolist()


def test_the_contract_binds_by_signature_name() -> None:
    contract = tflite.contract(MODELS / "conv_2d.float32.tflite")
    assert [(spec.name, spec.shape, spec.dtype) for spec in contract.inputs] == [
        ("x", (1, 6, 6, 4), "float32")
    ]
    assert [spec.name for spec in contract.outputs] == ["y"]


def test_a_file_without_signature_is_bound_by_tensor_names_and_can_be_given_one() -> None:
    model = tflite.read(MODELS / "conv_2d.float32.tflite")
    model.signatureDefs = None
    before = tflite.contract(tflite.to_bytes(model))
    assert before.inputs[0].name == "serving_default_x:0"
    tflite.ensure_signature(model)
    named = tflite.read(tflite.to_bytes(model))
    assert named.signatureDefs[0].signatureKey == b"serving_default"
    assert tflite.contract(named) == before
    first = tflite.to_bytes(model)
    tflite.ensure_signature(model)
    assert tflite.to_bytes(model) == first


def test_several_signatures_need_one_to_be_the_default() -> None:
    model = tflite.read(MODELS / "conv_2d.float32.tflite")
    model.signatureDefs.append(copy.deepcopy(model.signatureDefs[0]))
    model.signatureDefs[1].signatureKey = b"other"
    assert tflite.contract(model).inputs[0].name == "x"
    model.signatureDefs[0].signatureKey = b"first"
    with pytest.raises(ModelError, match="first, other"):
        tflite.contract(model)


def test_a_dynamic_batch_is_minus_one() -> None:
    model = tflite.read(MODELS / "fully_connected.float32.tflite")
    index = model.subgraphs[0].inputs[0]
    model.subgraphs[0].tensors[index].shapeSignature = [-1, 12]
    assert tflite.contract(tflite.to_bytes(model)).inputs[0].shape == (-1, 12)


@pytest.mark.parametrize(
    ("name", "layer"),
    [
        (
            "functional_1/activation/Relu;functional_1/batch_normalization/FusedBatchNormV3;"
            "functional_1/conv2d/BiasAdd/ReadVariableOp/resource;functional_1/conv2d/BiasAdd;"
            "functional_1/conv2d_4/Conv2D;functional_1/conv2d/Conv2D",
            "conv2d",
        ),
        (
            "functional_1/activation_1/Relu;functional_1/batch_normalization_1/FusedBatchNormV3;"
            "functional_1/depthwise_conv2d/depthwise;functional_1/depthwise_conv2d/BiasAdd;"
            "functional_1/conv2d_4/Conv2D;functional_1/depthwise_conv2d/BiasAdd/ReadVariableOp/"
            "resource",
            "depthwise_conv2d",
        ),
        ("functional_5/dense_3/Tensordot/Reshape/shape", "dense_3"),
        ("functional_3/lstm_4/lstm_cell_4/3188", "lstm_4"),
        ("model/dense/MatMul_dequant", "dense"),
        ("StatefulPartitionedCall/model/block1/conv/Conv2D", "conv"),
        ("serving_default_input_2:0", "input_2"),
        ("Identity", "Identity"),
        # As the exporter writes them: the layer, a slash, the operator.
        ("stem_relu/Relu6;stem_bn/batchnorm.add_1;stem/convolution;stem_bn/batchnorm.sub1", "stem"),
        ("a%2Fb/BiasAdd.ReadVariableOp.resource", "a/b"),
        ("up/resize.ResizeBilinear", "up"),
        ("while/MatMul1", "while"),
        ("add/add;relu/Relu", "add"),
    ],
)
def test_the_layer_behind_a_tensor_name(name: str, layer: str) -> None:
    assert source_layers.layer_of(name) == layer


@pytest.mark.corpus
def test_real_networks_are_read_whole(corpus_items) -> None:
    files = [path for item in corpus_items for path in item.official if path.suffix == ".tflite"]
    assert files
    for path in files:
        names = _same_when_written(path)
        # Real networks are more than one kind of operator: ADD alone is a misreading.
        assert len(set(names)) > 3, path
        with pytest.raises(ModelError):
            tflite.read(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.corpus
def test_any_file_is_read_whole_or_refused(corpus: Path) -> None:
    """Also those that are no networks: test files of one operator, of many subgraphs, of none."""
    read = 0
    for path in sorted(corpus.rglob("*.tflite")):
        try:
            tflite.read(path)
        except ModelError:
            continue
        read += 1
        _same_when_written(path)
    assert read


def _same_when_written(path: Path) -> list[str]:
    """The names of a file's operators, which are the same after it was written and read again."""
    model = tflite.read(path)
    names = [op.name for op in tflite.operators(model)]
    again = tflite.read(tflite.to_bytes(model))
    assert [op.name for op in tflite.operators(again)] == names, path
    return names
