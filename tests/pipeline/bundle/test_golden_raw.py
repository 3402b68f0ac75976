"""Made-up raw data for each kind of input, the same for the same contract."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.records import Preprocessing, TensorSpec
from edgekit.data import preprocess
from edgekit.pipeline.bundle import golden_raw


def spec(shape: tuple[int, ...], dtype: str = "float32", **rules: object) -> TensorSpec:
    stated = Preprocessing(**rules)
    return TensorSpec(name="x", shape=shape, dtype=dtype, preprocessing=stated)


KINDS = {
    "image": spec((1, 8, 9, 3), kind="image", size=(8, 9), mean=(127.5,), std=(127.5,)),
    "gray": spec((1, 8, 9, 1), kind="image", size=(8, 9), channels="gray"),
    "audio": spec((1, 300), kind="audio", sample_rate=16000, window=300),
    "tabular": spec((1, 3), kind="tabular", columns=("a", "b", "c"), mean=(1.0, 2.0, 3.0)),
    "text": spec((1, 20), "int32", kind="text", vocabulary=("a", "b", "\N{SNOWMAN}")),
}


@pytest.mark.parametrize("kind", KINDS)
def test_values_are_what_preprocessing_makes_of_the_raw_data(kind):
    raw = golden_raw.raw_sample(KINDS[kind])
    assert raw is not None
    if raw.dtype == "text":
        text = np.array(raw.content.decode())
        assert raw.shape == (len(raw.content),)
        made = preprocess.preprocess(text, KINDS[kind])
    else:
        array = np.frombuffer(raw.content, np.dtype(raw.dtype).newbyteorder("<"))
        made = preprocess.preprocess(array.reshape(raw.shape), KINDS[kind])
    np.testing.assert_array_equal(raw.values, made)
    assert len(np.unique(raw.values)) > 1  # constants would show nothing
    again = golden_raw.raw_sample(KINDS[kind])
    assert again is not None and again.content == raw.content


def test_raw_images_are_resized_and_sounds_cut_or_filled():
    image = golden_raw.raw_sample(KINDS["image"])
    assert image is not None and image.dtype == "uint8"
    assert image.shape[:2] != (8, 9) and image.values.shape == (8, 9, 3)
    for window, count in ((300, 305), (1000, 400)):
        stated = spec((1, window), kind="audio", sample_rate=16000, window=window)
        sound = golden_raw.raw_sample(stated)
        assert sound is not None and sound.shape == (count,)
        assert sound.values.shape == (window,)


def test_other_inputs_have_other_data():
    first = golden_raw.raw_sample(KINDS["gray"])
    renamed = TensorSpec(
        name="z", shape=(1, 8, 9, 1), dtype="float32", preprocessing=KINDS["gray"].preprocessing
    )
    other = golden_raw.raw_sample(renamed)
    assert first is not None and other is not None and first.content != other.content


def test_inputs_that_the_app_prepares_have_none():
    assert golden_raw.raw_sample(spec((1, 4))) is None


@given(st.integers(1, 200_000))
def test_kept_values_are_few_and_meet_every_column(count):
    apart = golden_raw.stride(count)
    assert math.gcd(apart, count) == 1
    assert len(range(0, count, apart)) <= 512 or apart == 1
    assert apart == 1 or len(range(0, count, apart)) >= 50
