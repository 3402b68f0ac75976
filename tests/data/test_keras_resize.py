"""The resize of TensorFlow: by hand, and beside TensorFlow itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.records import Preprocessing, TensorSpec
from edgekit.data.keras_resize import resize
from edgekit.data.preprocess import preprocess


def test_a_row_is_read_at_the_centres_of_new_pixels():
    row = np.array([[[0], [10], [20], [100]]], np.uint8)
    wide = resize(row, 1, 8)[0, :, 0]
    np.testing.assert_array_equal(wide, [0, 2.5, 7.5, 12.5, 17.5, 40, 80, 100])
    # Of an image that shrinks to a third, two pixels in three are not looked at.
    stripes = np.tile(np.array([0, 255, 0], np.uint8), 4).reshape(1, 12, 1)
    np.testing.assert_array_equal(resize(stripes, 1, 4)[0, :, 0], [255] * 4)


def test_values_are_not_rounded_and_the_centre_is_cut_out():
    raw = np.arange(60, dtype=np.uint8).reshape(6, 10)
    spec = TensorSpec(
        name="image",
        shape=(1, 3, 3, 1),
        dtype="float32",
        preprocessing=Preprocessing(
            kind="image",
            size=(3, 3),
            channels="gray",
            resize="keras-bilinear",
            resize_shorter_to=4,
        ),
    )
    whole = resize(raw[..., None], 4, 6)
    made = preprocess(raw, spec)
    np.testing.assert_array_equal(made, whole[0:3, 1:4])
    assert (made != np.round(made)).any()


@pytest.fixture(scope="module")
def case(start_cases: Callable[[Path], Any]) -> Any:
    return start_cases(Path(__file__).parent / "keras_resize_worker.py")


@pytest.mark.convert
def test_every_bit_is_that_of_tensorflow(case: Any):
    assert case("drawn", seed=5, count=150) == {"wrong": []}


@pytest.mark.convert
@pytest.mark.parametrize("how", ["dataset", "load_img"])
@pytest.mark.parametrize("gray", [False, True])
def test_a_file_becomes_what_keras_loaders_make_of_it(how: str, gray: bool, case: Any):
    told = case("loaded", how=how, gray=gray)
    assert told == {"same": True, "shape": [13, 17, 1 if gray else 3]}
