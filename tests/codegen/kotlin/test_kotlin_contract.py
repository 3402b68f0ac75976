"""Kotlin of preprocessing and labels, however long."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from edgekit.codegen.kotlin import kotlin_contract
from edgekit.codegen.kotlin.kotlin_identifiers import Naming
from edgekit.core.bundle_record import Bundle
from edgekit.core.records import Preprocessing, TensorSpec
from tests.codegen import small_bundle as small


def contract(bundle: Bundle) -> str:
    return kotlin_contract.contract(bundle, Naming.of(bundle))


def of_input(spec: TensorSpec) -> str:
    return contract(small.of(small.model(inputs=(spec,), outputs=(small.PLAIN,))))


@pytest.mark.parametrize(
    ("rules", "shape", "made"),
    [
        (
            Preprocessing(kind="audio", window=64, mean=(0.5,)),
            (1, 64),
            "AudioInput(64, floatArrayOf(0.5f), floatArrayOf(1.0f))",
        ),
        (
            Preprocessing(kind="tabular", mean=(1.0, 2.0), std=(3.0, 4.0)),
            (1, 2),
            "TabularInput(2, floatArrayOf(1.0f, 2.0f), floatArrayOf(3.0f, 4.0f))",
        ),
        (
            Preprocessing(kind="text", vocabulary=("a", "$b"), unknown_id=1),
            (1, 7),
            'TextInput(arrayOf<String>("a", "\\$b"), 7, 1)',
        ),
    ],
)
def test_preprocessing_by_kind(rules: Preprocessing, shape: tuple[int, ...], made: str) -> None:
    text = of_input(replace(small.PLAIN, shape=shape, preprocessing=rules))
    assert f"    val x = {made}\n" in text
    assert f"import dev.edgekit.core.{made.partition('(')[0]}\n" in text
    assert "object PetsLabels" not in text


def test_an_image_says_all_of_its_rules() -> None:
    rules = replace(small.IMAGE, resize="bicubic", resize_shorter_to=9, channels="bgr")
    text = of_input(replace(small.PICTURE, preprocessing=rules))
    assert "2, 2, ResizeMethod.BICUBIC, 9, Channels.BGR," in text
    assert "floatArrayOf(127.5f), floatArrayOf(0.1f)," in text
    assert "ResizeMethod.BILINEAR, 0, Channels.GRAY," in contract(small.PETS)


def test_labels_are_in_their_order() -> None:
    text = contract(small.PETS)
    assert 'val probs: List<String> = arrayOf<String>("cat", "dog").asList()' in text


def test_long_lists_are_made_in_pieces() -> None:
    words = tuple(f"word{i}" for i in range(1201))
    rules = Preprocessing(kind="text", vocabulary=words)
    text = of_input(replace(small.PLAIN, dtype="int32", preprocessing=rules))
    assert text.count("private object PetsPiece") == 3
    assert re.findall(r'"(word\d+)"', text) == list(words)
    assert "TextInput((PetsPiece0.values + PetsPiece1.values + PetsPiece2.values), 4, 0)" in text
    assert max(map(len, text.splitlines())) <= 100
