"""The types of unpacked files against the generated classes that they are of."""

from __future__ import annotations

import pytest

from edgekit.tflite import schema_objects

GENERATED = {
    "Buffer": "BufferT",
    "BlockScales": "BlockwiseQuantizationT",
    "Quantization": "QuantizationParametersT",
    "SparseAxis": "DimensionMetadataT",
    "Sparsity": "SparsityParametersT",
    "RawTensor": "TensorT",
    "RawOperator": "OperatorT",
    "SubGraph": "SubGraphT",
    "OperatorCode": "OperatorCodeT",
    "TensorMap": "TensorMapT",
    "SignatureDef": "SignatureDefT",
    "MetadataEntry": "MetadataT",
    "Model": "ModelT",
}


@pytest.mark.parametrize("name", GENERATED)
def test_every_field_is_one_of_the_generated_class(name: str):
    from ai_edge_litert import schema_py_generated as schema

    made = getattr(schema, GENERATED[name])()
    fields = set(getattr(schema_objects, name).__annotations__)
    assert fields and fields <= set(vars(made))


def test_no_type_is_left_out():
    protocols = {
        name
        for name, value in vars(schema_objects).items()
        if getattr(value, "_is_protocol", False)
    }
    assert protocols - {"Protocol"} == set(GENERATED)
