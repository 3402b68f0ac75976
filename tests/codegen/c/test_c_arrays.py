"""One variant in C: arrays, tensors and their places."""

from __future__ import annotations

import re

import pytest

from edgekit.codegen.c import c_arrays, c_bundle
from edgekit.codegen.c.c_identifiers import Names
from edgekit.core.bundle_record import Bundle
from edgekit.core.errors import ModelError
from edgekit.core.records import TensorSpec
from tests.codegen import c_contracts
from tests.codegen import small_bundle as small
from tests.codegen.c_contracts import filled
from tests.codegen.kotlin_contracts import examples


def array(source: str, name: str) -> bytes:
    found = re.search(rf"{name}\[(\d+)\] = \{{([^}}]*)\}}", source)
    assert found
    data = bytes(int(number) for number in found[2].split(",") if number.strip())
    assert len(data) == int(found[1])
    return data


def test_the_place_is_right_where_the_signature_has_another_order() -> None:
    record, contents = next(
        one for one in examples(20) if len(one[0].models[0].contract.inputs) > 1
    )
    written = c_bundle.files(record, filled(record, contents))
    model = record.models[0]
    source = written[f"{Names(record).variants[model.variant]}.c"].decode()
    inputs = source[source.index("edgekit_tensor inputs[]") : source.index("output_shape_0")]
    places = re.findall(r", (\d+), EDGEKIT_", inputs)
    assert [int(place) for place in places] == list(range(len(places)))[::-1]


def variant(record: Bundle, golden: bytes = b"", number: int = 0) -> str:
    one = record.models[number]
    return c_arrays.variant(Names(record), one, c_contracts.model(one.contract), golden)


def test_the_bytes_are_those_of_the_files() -> None:
    golden = bytes(range(64))
    source = variant(small.PETS, golden)
    assert array(source, "golden_data") == golden
    assert array(source, "model_data") == c_contracts.model(small.FLOAT.contract)
    assert array(variant(small.PETS), "golden_data") == b"\0"  # C has no empty arrays


def test_what_the_golden_samples_hold_is_told_by_place() -> None:
    source = variant(small.PETS)
    assert "edgekit_raw raws[] = {\n    {0, {2, 2, 3}, 64, 12, 1, 76, 16},\n};" in source
    assert "edgekit_golden_labels labels[] = {\n    {0, 92, 8},\n};" in source
    without = variant(small.PETS, number=1)
    assert "raws[]" not in without and "0, NULL,\n    0, NULL};" in without


def test_a_tensor_says_how_it_stores_values_and_how_far_it_may_be_off() -> None:
    plain, quantized = variant(small.PETS), variant(small.PETS, number=1)
    assert "2, output_shape_0, 2, 16,\n     0, 1.0f, 0, 16," in plain
    assert "2, output_shape_0, 2, 16,\n     1, 0.00390625f, -128, 16," in quantized
    assert "2e-06, INFINITY, 0.5, NAN,\n     0, NULL}," in plain
    assert "0.0, 0.0, -1.0, NAN,\n     0, NULL}" in plain  # an input, which has no tolerance


def test_columns_with_units_of_their_own_have_their_tolerances() -> None:
    source = variant(small.of(small.BY_COLUMNS))
    rows = "    {0, 1, 2.0, 0.5},\n    {1, 2, 0.01, 0.002},\n"
    assert f"edgekit_columns output_columns_0[] = {{\n{rows}}};" in source
    assert "2.0, 0.5, 0.75, 0.5,\n     2, output_columns_0}," in source


def test_a_type_that_c_has_none_for_is_refused() -> None:
    words = TensorSpec(name="words", shape=(1,), dtype="string")
    record = small.of(small.model(inputs=(words,)))
    with pytest.raises(ModelError) as caught:
        variant(record)
    assert caught.value.received == "'words' is string"


def test_how_many_values_a_tensor_holds() -> None:
    assert c_arrays.count(small.PICTURE) == 4
    assert c_arrays.count(TensorSpec(name="s", shape=(), dtype="float32")) == 1
