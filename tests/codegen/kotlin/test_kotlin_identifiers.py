"""What a bundle's Kotlin calls things, and which tensors it can hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit.codegen.kotlin import kotlin_bundle, kotlin_identifiers
from edgekit.codegen.kotlin.kotlin_identifiers import Naming
from edgekit.core.errors import ModelError
from edgekit.core.records import TensorSpec
from tests.codegen import small_bundle as small


@pytest.mark.parametrize("dtype", ["int16", "float16", "float64", "uint16", "uint64", "string"])
def test_what_litert_cannot_read_in_kotlin_is_refused(dtype: str) -> None:
    odd = small.of(small.model(outputs=(replace(small.CLASSES, dtype=dtype),)))
    contents = {path: b"" for one in odd.models for path in (one.file, one.golden.file)}
    with pytest.raises(ModelError) as caught:
        kotlin_bundle.files(odd, contents)
    assert caught.value.received == f"pets.float32.tflite: 'probs' is {dtype}"
    assert "--io float32" in str(caught.value.hint)


def test_a_name_hides_no_type_no_member_and_no_package_of_java() -> None:
    inputs = (replace(small.PLAIN, name="close"), replace(small.PLAIN, name="run model input"))
    naming = Naming.of(small.of(small.model(inputs=inputs), name="context"))
    assert naming.type not in ("Context", "")
    assert not {"close", "runModelInput"} & set(naming.inputs.values())
    assert Naming.of(small.of(small.model(), name="goto")).package != "goto"
    assert Naming.of(small.PETS).variants == {
        "float32": "FLOAT32",
        "static_wi8_ai8": "STATIC_WI8_AI8",
    }


@pytest.mark.parametrize(
    ("dtypes", "array"),
    [
        (("float32", "int8"), "FloatArray"),
        (("int8",), "IntArray"),
        (("uint32", "int32"), "LongArray"),
        (("int64",), "LongArray"),
        (("bool",), "BooleanArray"),
        (("bool", "uint8"), "IntArray"),
    ],
)
def test_an_array_holds_what_every_variant_stores(dtypes: tuple[str, ...], array: str) -> None:
    models = [
        small.model(f"v{n}", outputs=(replace(small.CLASSES, dtype=dtype),))
        for n, dtype in enumerate(dtypes)
    ]
    assert kotlin_identifiers.held(small.of(*models), "probs", "outputs") == array


def test_quantized_integers_are_real_numbers_to_an_app() -> None:
    assert kotlin_identifiers.held(small.of(small.INT8), "probs", "outputs") == "FloatArray"


def test_text_in_comments_and_numbers() -> None:
    assert kotlin_identifiers.comment("a */\n/* b\u2028c") == "a * / / * b c"
    assert kotlin_identifiers.double(float("inf")) == "Double.POSITIVE_INFINITY"
    assert kotlin_identifiers.double(1e-7) == "1e-07"
    scalar = TensorSpec(name="s", shape=(), dtype="float32", activation="none")
    assert kotlin_identifiers.described(scalar) == "`s`, one number."
    assert kotlin_identifiers.described(small.CLASSES) == "`probs`, 1 x 2, after softmax."
