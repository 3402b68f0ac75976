"""Kotlin of a bundle's variants: files, tensors as each stores them, golden samples."""

from __future__ import annotations

import re

from edgekit.codegen.kotlin import kotlin_variants
from edgekit.codegen.kotlin.kotlin_identifiers import Naming
from tests.codegen import small_bundle as small

ASSETS = {
    path: f"asset of {path}" for one in small.PETS.models for path in (one.file, one.golden.file)
}
TEXT = kotlin_variants.variants(small.PETS, Naming.of(small.PETS), ASSETS)
FLOAT, INT8 = TEXT.split("    STATIC_WI8_AI8(")


def test_each_variant_is_an_entry_with_its_file_in_the_app() -> None:
    assert "enum class PetsVariant(" in FLOAT
    assert 'file = "asset of pets.float32.tflite"' in FLOAT
    assert 'file = "asset of pets.static_wi8_ai8.golden.bin"' in INT8
    assert "sizeBytes = 12345L" in FLOAT
    assert "/** static_wi8_ai8: 12,345 bytes. */" in TEXT


def test_tensors_are_told_as_each_variant_stores_them() -> None:
    assert 'TensorInfo("probs", listOf<Int>(1, 2), DType.FLOAT32)' in FLOAT
    assert 'TensorInfo("probs", listOf<Int>(1, 2), DType.INT8, 0.00390625f, -128)' in INT8


def test_outputs_have_a_tolerance_and_inputs_have_none() -> None:
    assert "isInput = false, offset = 16,\n" in FLOAT
    assert "tolerance = Tolerance(2e-06, Double.POSITIVE_INFINITY, 0.5)," in FLOAT
    first = FLOAT[FLOAT.index("isInput = true") : FLOAT.index("isInput = false")]
    assert "tolerance" not in first


def test_columns_with_units_of_their_own_have_their_tolerances() -> None:
    record = small.of(small.BY_COLUMNS)
    text = kotlin_variants.variants(record, Naming.of(record), ASSETS)
    assert "import dev.edgekit.core.ColumnTolerance\n" in text
    assert re.sub(r"\s+", " ", text[text.index("tolerance = ") :]).startswith(
        "tolerance = Tolerance( 2.0, 0.5, 0.75, threshold = 0.5, columns = listOf( "
        "ColumnTolerance(0, 1, 2.0, 0.5), ColumnTolerance(1, 2, 0.01, 0.002), ), ),"
    )
    assert "ColumnTolerance" not in FLOAT


def test_raw_data_and_labels_say_where_they_lie() -> None:
    assert '"photo", listOf(2, 2, 3), 64, 12, 1,\n' in FLOAT
    assert 'GoldenLabels("probs", 92, 8),' in FLOAT
    assert "raw = listOf<GoldenRaw>()," in INT8
    assert "labels = listOf<GoldenLabels>()," in INT8
