"""Records of the contract as Swift expressions."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from edgekit.codegen.swift import swift_expressions as expressions
from edgekit.core.records import Preprocessing
from tests.codegen import small_bundle as small


def flat(text: str) -> str:
    """Without the layout."""
    return re.sub(r"\s+", " ", text).replace("( ", "(").replace("[ ", "[").replace(" ]", "]")


def test_a_variant_tells_its_files_tensors_and_samples() -> None:
    text = flat(expressions.info(small.FLOAT))
    assert text.startswith('ModelInfo(variant: "float32", file: "pets.float32.tflite"')
    assert 'TensorSpec(name: "photo", shape: [1, 2, 2, 1], type: .float32)' in text
    assert "tolerance: Tolerance(worst: 2e-06, rms: .infinity, agreement: 0.5)" in text
    assert "bytes: 64..<76, stride: 1, expected: 76..<92)" in text
    assert 'GoldenLabels(output: "probs", bytes: 92..<100)' in text
    apart = flat(expressions.info(small.BY_COLUMNS))
    assert (
        "tolerance: Tolerance(worst: 2.0, rms: 0.5, agreement: 0.75, threshold: 0.5, columns: ["
        "ColumnTolerance(columns: 0..<1, worst: 2.0, rms: 0.5), "
        "ColumnTolerance(columns: 1..<2, worst: 0.01, rms: 0.002)"
    ) in apart
    quantized = flat(expressions.info(small.INT8))
    assert "Quantization(scale: 0.00390625, zeroPoint: -128)" in quantized
    assert "raw: [], labels: []" in quantized


@pytest.mark.parametrize(
    ("rules", "made"),
    [
        (
            replace(small.IMAGE, resize_shorter_to=9),
            "ImageInput(height: 2, width: 2, resize: .bilinear, shorterSide: 9, channels: .gray, "
            "normalization: Normalization(mean: [127.5], std: [0.1]))",
        ),
        (
            Preprocessing(kind="audio", window=64, sample_rate=8000),
            "AudioInput(window: 64, sampleRate: 8000, "
            "normalization: Normalization(mean: [0.0], std: [1.0]))",
        ),
        (
            Preprocessing(kind="tabular", columns=("a", "b")),
            'TabularInput(count: 4, features: 4, columns: ["a", "b"], '
            "normalization: Normalization(mean: [0.0], std: [1.0]))",
        ),
        (
            Preprocessing(kind="text", vocabulary=("a",), unknown_id=3),
            'TextInput(length: 4, vocabulary: ["a"], unknownID: 3)',
        ),
    ],
)
def test_preprocessing_by_kind(rules: Preprocessing, made: str) -> None:
    spec = replace(small.PLAIN, preprocessing=rules)
    assert flat(expressions.preprocessing(spec)) == made


def test_what_is_not_said_is_left_to_the_defaults() -> None:
    assert "shorterSide" not in expressions.preprocessing(small.PICTURE)
    sound = replace(small.PLAIN, preprocessing=Preprocessing(kind="audio", window=4))
    assert "sampleRate" not in expressions.preprocessing(sound)


@pytest.mark.parametrize("count", [255, 256, 1000])
def test_many_strings_are_one_literal_that_is_taken_apart(count: int) -> None:
    names = [f"n{i}" for i in range(count)]
    text = expressions.strings(names, 6)
    if count < 256:
        assert re.findall(r'"(n\d+)"', text) == names
        return
    literal = text[1 : text.index('"\n')]
    assert literal.split("\\u{0}") == names
    assert text.count('"') == 4  # the names, and what they are taken apart at


def test_strings_that_hold_the_separator_stay_a_list() -> None:
    names = ["a\0b"] + ["x"] * 300
    assert expressions.strings(names, 6).startswith("[\n")


def test_a_call_is_one_line_where_it_fits() -> None:
    assert expressions.call("F", ["a: 1", "b: 2"], 4) == "F(a: 1, b: 2)"
    assert expressions.call("F", ["a: 1"], 4, always=True) == "F(\n      a: 1)"
    long = expressions.call("F", ["a" * 50, "b" * 50], 4)
    assert long == f"F(\n      {'a' * 50},\n      {'b' * 50})"
    # A declaration closes its parenthesis on a line of its own.
    assert expressions.call("public func f", ["a" * 99], 2).endswith("\n  )")
