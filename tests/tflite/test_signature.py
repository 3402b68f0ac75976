"""A model's inputs and outputs by the names that apps use."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.core.errors import ModelError

MODELS = Path(__file__).parents[1] / "models"


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


def test_two_tensors_of_one_name_are_refused_and_named() -> None:
    model = tflite.read(MODELS / "conv_2d.float32.tflite")
    signature = model.signatureDefs[0]
    signature.inputs.append(copy.deepcopy(signature.inputs[0]))
    with pytest.raises(ModelError, match="inputs") as caught:
        tflite.binding(model)
    assert caught.value.received == "x, x"
    model.signatureDefs = None
    graph = model.subgraphs[0]
    graph.outputs = [*graph.outputs, *graph.outputs]
    with pytest.raises(ModelError, match="outputs"):
        tflite.ensure_signature(model)


def test_an_empty_signature_is_none() -> None:
    model = tflite.read(MODELS / "conv_2d.float32.tflite")
    model.signatureDefs[0].inputs = model.signatureDefs[0].outputs = []
    assert tflite.binding(model).key == ""
    assert list(tflite.binding(model).inputs) == ["serving_default_x:0"]


def test_a_quantized_input_brings_its_scale() -> None:
    model = tflite.read(MODELS / "conv_2d.int8.tflite")
    stored = next(t for t in tflite.tensors(model) if t.dtype == "int8" and not t.is_constant)
    model.signatureDefs[0].inputs[0].tensorIndex = stored.index
    (spec,) = tflite.contract(model).inputs
    assert (spec.name, spec.dtype, spec.scale) == ("x", "int8", stored.scale)
    assert spec.zero_point == stored.quantization.zero_point


def test_a_contract_names_the_variables_that_a_file_keeps() -> None:
    keeping, fed = (
        tflite.contract(MODELS / f"{name}.float32.tflite")
        for name in ("running_total", "fed_total")
    )
    assert keeping.kept_state == ("Variable",)
    assert fed.kept_state == ()
