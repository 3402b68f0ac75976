"""What of a contract is not as it was: key by key, old beside new."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edgekit.core.output_kinds import Columns
from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.verdicts.contract_changes import changes, is_another_model, merged

LABELS = tuple("zero one two three four five six seven eight nine".split())
IMAGE = TensorSpec(
    name="image",
    shape=(1, 8, 8, 1),
    dtype="float32",
    preprocessing=Preprocessing(kind="image", size=(8, 8), channels="gray", std=(255.0,)),
)
DIGIT = TensorSpec(
    name="digit",
    shape=(1, 10),
    dtype="float32",
    labels=LABELS,
    activation="softmax",
    kind="classes",
)
OLD = Contract(inputs=(IMAGE,), outputs=(DIGIT,))


def told(new: Contract, old: Contract = OLD) -> list[str]:
    return [change.text for change in changes(old, new)]


def image(**rules: object) -> Contract:
    return replace(
        OLD, inputs=(replace(IMAGE, preprocessing=replace(IMAGE.preprocessing, **rules)),)
    )


def digit(**fields: object) -> Contract:
    return replace(OLD, outputs=(replace(DIGIT, **fields),))


SWAPPED = (*LABELS[:3], "seven", *LABELS[4:7], "three", *LABELS[8:])


@pytest.mark.parametrize(
    ("new", "wanted"),
    [
        (image(std=(127.5,)), ["input image: std 255 -> 127.5"]),
        (
            image(std=(58.4, 57.1, 57.4), mean=(0.5,)),
            ["input image: mean 0 -> 0.5", "input image: std 255 -> [58.4, 57.1, 57.4]"],
        ),
        (image(channels="rgb"), ["input image: channels gray -> rgb"]),
        (image(resize="nearest"), ["input image: resize bilinear -> nearest"]),
        (image(kind="none"), ["input image: kind image -> none"]),
        (image(size=None), ["input image: size [8, 8] -> none"]),
        (
            digit(labels=SWAPPED),
            ["output digit: order of labels 3 three, 7 seven -> 3 seven, 7 three"],
        ),
        (
            digit(labels=(*LABELS[:3], "tree", *LABELS[4:])),
            ["output digit: labels 3 three -> 3 tree"],
        ),
        (
            digit(labels=tuple(word.upper() for word in LABELS)),
            [
                "output digit: labels 0 zero, 1 one, 2 two, 3 three and 6 more -> "
                "0 ZERO, 1 ONE, 2 TWO, 3 THREE and 6 more"
            ],
        ),
        (
            digit(labels=("background", *LABELS), shape=(1, 11)),
            [
                "output digit: shape [1, 10] -> [1, 11]",
                "output digit: labels 10 -> 11 with 0 background",
            ],
        ),
        (
            digit(labels=(*LABELS[:8], "IX"), shape=(1, 9)),
            [
                "output digit: shape [1, 10] -> [1, 9]",
                "output digit: labels 10 with 8 eight, 9 nine -> 9 with 8 IX",
            ],
        ),
        (
            digit(labels=()),
            ["output digit: labels 10: zero, one, two, three, four, five, ... -> none"],
        ),
        (digit(kind="tags", activation="sigmoid"),
         ["output digit: activation softmax -> sigmoid", "output digit: kind classes -> tags"]),
        (digit(kind=None), ["output digit: kind classes -> none"]),
        (
            digit(columns=(Columns(kind="boxes", start=0, stop=4),)),
            ["output digit: columns none -> [boxes [0, 4]]"],
        ),
        (digit(dtype="int8"), ["output digit: dtype float32 -> int8"]),
        (digit(name="scores"), ["output digit: name digit -> scores"]),
        (
            replace(OLD, outputs=(DIGIT, replace(DIGIT, name="aux", shape=(1, 4)))),
            ["output aux: tensor none -> float32 [1, 4]"],
        ),
        (replace(OLD, outputs=()), ["output digit: tensor float32 [1, 10] -> none"]),
    ],
)  # fmt: skip
def test_each_key_that_differs_is_told_with_both_values(new, wanted):
    assert told(new) == wanted


def test_what_says_the_same_is_no_change():
    assert told(OLD) == []
    assert told(image(std=(255.0, 255.0, 255.0), mean=(0.0, 0.0, 0.0))) == []
    quantized = replace(DIGIT, scale=(0.1,), zero_point=(3,), quantized_dimension=1)
    assert told(replace(OLD, outputs=(quantized,))) == []


def test_tensors_that_change_places_are_told_once():
    other = replace(DIGIT, name="other")
    both = replace(OLD, outputs=(DIGIT, other))
    assert told(replace(OLD, outputs=(other, DIGIT)), both) == [
        "outputs: order digit, other -> other, digit"
    ]


def test_of_many_columns_only_those_that_differ_are_shown():
    before = image(mean=tuple(map(float, range(30))))
    after = image(mean=(*map(float, range(29)), 7.5))
    assert told(after, before) == ["input image: mean 29 29 -> 29 7.5"]


def test_a_change_of_some_variants_names_them():
    common, own = changes(OLD, image(std=(1.0,))), changes(OLD, digit(dtype="int8"))
    assert [one.text for one in merged({"a": common, "b": (*common, *own)})] == [
        "input image: std 255 -> 1",
        "output digit of b: dtype float32 -> int8",
    ]


def test_a_model_of_which_nothing_is_left_is_another_one():
    assert not is_another_model(OLD, digit(labels=SWAPPED, shape=(1, 11)))
    other = Contract(inputs=(replace(IMAGE, shape=(1, 9)),), outputs=(replace(DIGIT, name="y"),))
    assert is_another_model(OLD, other)


def test_a_file_that_begins_to_keep_state_is_a_change():
    kept, other = (replace(OLD, kept_state=(name,)) for name in ("total", "sum"))
    assert [change.text for change in changes(OLD, kept)] == ["file: kept_state none -> total"]
    assert changes(kept, other) == ()
