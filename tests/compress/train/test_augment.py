"""Augmentation keeps what must be kept, and is the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.compress.train.augment import Augmentation, is_image

ALL = Augmentation(move=True, flip=True, mix=True)
IMAGE = frozenset({"image"})


def _images(count: int = 6, size: int = 12, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (count, size, size, channels), dtype=np.uint8)


@given(st.integers(0, 2**32 - 1), st.integers(8, 20), st.integers(8, 20), st.sampled_from([1, 3]))
def test_moved_pixels_come_from_the_same_picture(seed: int, height: int, width: int, channels: int):
    images = np.arange(2 * height * width, dtype=np.int32).reshape(2, height, width, 1)
    images = np.repeat(images, channels, axis=-1)
    moved = Augmentation(move=True, flip=True)({"image": images}, IMAGE, (seed,))["image"]
    assert moved.shape == images.shape and moved.dtype == images.dtype
    for before, after in zip(images, moved, strict=True):
        assert set(after.ravel()) <= set(before.ravel())


def test_the_same_seed_makes_the_same_samples():
    inputs = {"image": _images()}
    first, again = (ALL(inputs, IMAGE, (0, 1, 2))["image"] for _ in range(2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, ALL(inputs, IMAGE, (0, 1, 3))["image"])


def test_a_flip_alone_mirrors_whole_pictures():
    images = _images(count=40)
    flipped = Augmentation(flip=True)({"image": images}, IMAGE, (0,))["image"]
    mirrored = [np.array_equal(a, b[:, ::-1]) for a, b in zip(flipped, images, strict=True)]
    same = [np.array_equal(a, b) for a, b in zip(flipped, images, strict=True)]
    assert 5 < sum(mirrored) < 35
    assert all(a != b for a, b in zip(mirrored, same, strict=True))


def test_gray_pictures_are_not_mirrored():
    images = _images(channels=1)
    assert np.array_equal(Augmentation(flip=True)({"image": images}, IMAGE, (0,))["image"], images)


def test_a_mixture_lies_between_two_samples_with_one_share_for_all_inputs():
    values = np.arange(8, dtype=np.float32)
    inputs = {"a": np.stack([values, values * 10], 1), "b": values[:, None, None] * 100}
    mixed = Augmentation(mix=True)(inputs, frozenset({"a", "b"}), (3,))
    assert np.allclose(mixed["a"][:, 1], mixed["a"][:, 0] * 10)
    assert np.allclose(mixed["b"][:, 0, 0], mixed["a"][:, 0] * 100, rtol=1e-4)
    assert mixed["a"].min() >= 0 and mixed["a"].max() <= 70
    assert not np.array_equal(mixed["a"], inputs["a"])


def test_ids_are_never_touched():
    ids = np.arange(8 * 12 * 12).reshape(8, 12, 12, 1)
    inputs = {"ids": ids, "image": _images(8)}
    changed = ALL(inputs, IMAGE, (0,))
    assert np.array_equal(changed["ids"], ids)
    assert changed["image"].dtype == np.uint8  # not mixed: its ids could not be


@pytest.mark.parametrize(
    ("shape", "image"),
    [((2, 8, 8, 3), True), ((2, 8, 7, 3), False), ((2, 8, 8, 2), False), ((2, 8, 8), False)],
)
def test_what_counts_as_an_image(shape: tuple[int, ...], image: bool):
    assert is_image(shape) is image
