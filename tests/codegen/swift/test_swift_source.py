"""What depends on the contract in Swift: names, variants, results, the wrapper."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from edgekit.codegen.swift import swift_source
from edgekit.core.bundle_record import Bundle
from edgekit.core.errors import ModelError
from edgekit.core.records import Preprocessing, TensorSpec
from tests.codegen import small_bundle as small


def wrapper(bundle: Bundle) -> str:
    return swift_source.wrapper(bundle, swift_source.Naming.of(bundle))


def with_inputs(*inputs: TensorSpec) -> Bundle:
    return small.of(small.model(inputs=inputs))


@pytest.mark.parametrize(
    ("spec", "parameter", "values"),
    [
        (TensorSpec(name="x", shape=(1, 4), dtype="float32"), "values: [Float]", "values"),
        (TensorSpec(name="x", shape=(1, 4), dtype="int64"), "values: [Int]", "values"),
        (TensorSpec(name="x", shape=(1, 4), dtype="bool"), "values: [Bool]", "values"),
        (
            TensorSpec(name="x", shape=(1, 4), dtype="int8", scale=(0.5,), zero_point=(3,)),
            "values: [Float]",
            "values",
        ),
        (
            TensorSpec(
                name="x",
                shape=(1, 9),
                dtype="int32",
                preprocessing=Preprocessing(kind="text", vocabulary=("a",)),
            ),
            "text: String",
            "Inputs.x.ids(text)",
        ),
        (
            TensorSpec(
                name="x",
                shape=(1, 9),
                dtype="float32",
                preprocessing=Preprocessing(kind="audio", window=9),
            ),
            "sound: Sound",
            "Inputs.x.values(sound)",
        ),
        (
            TensorSpec(
                name="x",
                shape=(1, 2),
                dtype="float32",
                preprocessing=Preprocessing(kind="tabular", columns=("a", "b")),
            ),
            "features: [Float]",
            "Inputs.x.values(features)",
        ),
    ],
)
def test_an_input_is_what_its_kind_takes(spec: TensorSpec, parameter: str, values: str) -> None:
    source = wrapper(with_inputs(spec))
    assert f"public func run({parameter}) throws -> PetsResult" in source
    assert f"try specs[0].stored({values})\n" in source


def test_several_inputs_are_told_apart_by_their_names() -> None:
    one, other = replace(small.PICTURE, name="one"), replace(small.PICTURE, name="in")
    source = wrapper(with_inputs(one, other))
    assert "public func run(one: RGBImage, inValue: RGBImage) throws" in source


def test_what_is_in_quotes_is_escaped() -> None:
    labels = (r"\(x)", 'a"b', "größe", "a\nb")
    output = replace(small.CLASSES, shape=(1, 4), labels=labels)
    source = wrapper(small.of(small.model(outputs=(output,))))
    for literal in (r'"\\(x)"', r'"a\"b"', '"größe"', r'"a\nb"'):
        assert re.search(rf"[\[ ]{re.escape(literal)}[,\]]", source)


@pytest.mark.parametrize("dtype", ["string", "complex64"])
def test_a_tensor_without_numbers_is_refused(dtype: str) -> None:
    with pytest.raises(ModelError) as caught:
        swift_source.check(with_inputs(replace(small.PLAIN, dtype=dtype)))
    assert caught.value.received == f"pets.float32.tflite: 'x' of {dtype}"
    swift_source.check(small.PETS)


def test_a_name_hides_no_type_of_the_code_beside_it() -> None:
    naming = swift_source.Naming.of(small.of(small.model("description"), name="tensor spec"))
    assert naming.type != "TensorSpec"
    assert naming.variants["description"] != "description"
    outputs = (replace(small.PLAIN, name="seconds"),)
    naming = swift_source.Naming.of(small.of(small.model(outputs=outputs)))
    assert naming.outputs["seconds"] != "seconds"


def test_each_variant_is_a_case_with_its_own_contract() -> None:
    text = swift_source.variants(small.PETS, swift_source.Naming.of(small.PETS))
    assert 'case float32 = "float32"\n' in text
    assert 'case staticWi8Ai8 = "static_wi8_ai8"\n' in text
    before, after = text.split("    case .staticWi8Ai8:\n")
    assert "Quantization(scale: 0.00390625, zeroPoint: -128)" in after
    assert "Quantization(" not in before


@pytest.mark.parametrize(
    ("output", "kind", "read"),
    [
        (small.CLASSES, "LabelledScores", "reals"),
        (replace(small.CLASSES, labels=("a",)), "[Float]", "reals"),  # labels of other places
        (replace(small.PLAIN, dtype="int64"), "[Int]", "integers"),
        (replace(small.PLAIN, dtype="bool"), "[Bool]", "booleans"),
        (replace(small.PLAIN, dtype="int8", scale=(0.5,), zero_point=(0,)), "[Float]", "reals"),
    ],
)
def test_a_result_has_a_property_of_the_outputs_kind(
    output: TensorSpec, kind: str, read: str
) -> None:
    bundle = small.of(small.model(outputs=(output,)))
    naming = swift_source.Naming.of(bundle)
    text = swift_source.result(bundle, naming)
    name = naming.outputs[output.name]
    assert f"  public let {name}: {kind}\n" in text
    assert f"info.outputs[0].{read}(outputs[0])" in text
    has_top = kind == "LabelledScores"
    example = swift_source.example(bundle, naming)
    assert example.endswith(f"print(result.{name}{'.topK(3)' if has_top else ''})")


def test_an_output_is_real_where_any_variant_stores_real_numbers() -> None:
    whole = replace(small.PLAIN, dtype="int32")
    mixed = small.of(small.model("a", outputs=(whole,)), small.model("b", outputs=(small.PLAIN,)))
    assert "public let x: [Float]" in swift_source.result(mixed, swift_source.Naming.of(mixed))


def test_the_self_test_uses_the_very_code_that_run_uses() -> None:
    text = wrapper(small.PETS)
    assert '"photo": { try $1.stored(Inputs.photo.values($0.image())) }' in text
    assert '"probs": Labels.probs' in text
    bare = wrapper(small.of(small.model(inputs=(small.PLAIN,), outputs=(small.PLAIN,))))
    assert "inputs: [:]," in bare and "labels: [:]))" in bare
    assert "public enum" not in bare


def test_the_test_of_the_package_runs_every_variant() -> None:
    text = swift_source.tests(small.PETS, swift_source.Naming.of(small.PETS))
    assert "for variant in PetsVariant.allCases {" in text
    assert "@testable import Pets\n" in text
