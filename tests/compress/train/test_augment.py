"""Augmentation keeps what must be kept, and is the same for the same seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.compress.train.augment import Augmentation, is_image
from edgekit.compress.train.batches import Batches, divide
from edgekit.data.samples import Samples

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


def _batches(count: int, size: int, augmentation: Augmentation | None = None) -> Batches:
    samples = Samples(inputs={"x": np.arange(count)[:, None]}, labels=np.arange(count))
    return Batches(
        train=samples,
        judge=samples,
        dtypes={"x": "float32"},
        size=size,
        seed=0,
        augmentation=augmentation or Augmentation(),
        floats=frozenset({"x"}),
    )


def test_an_epoch_is_its_own_order_of_whole_batches():
    data = _batches(21, 5)
    first, again, second = (list(data.epoch(epoch)) for epoch in (0, 0, 1))
    seen = [np.concatenate([x["x"][:, 0] for x, _ in epoch]) for epoch in (first, again, second)]
    assert len(first) == data.steps == 4
    assert len(set(seen[0])) == 20 and np.array_equal(seen[0], seen[1])
    assert not np.array_equal(seen[0], seen[2])
    assert all(np.array_equal(x["x"][:, 0], y["output_0"]) for x, y in first)
    assert first[0][0]["x"].dtype == np.float32


def test_too_few_samples_for_a_fixed_batch_are_repeated():
    ((x, _),) = _batches(3, 8).epoch(0)
    assert len(x["x"]) == 8 and set(x["x"][:, 0]) == {0, 1, 2}


@pytest.mark.parametrize(
    ("count", "held"), [(2000, 200), (400, 50), (100, 20), (10, 2), (4, 1), (3, 3), (1, 1)]
)
def test_a_share_is_held_back_fifty_at_least_or_a_fifth(count: int, held: int):
    samples = Samples(inputs={"x": np.arange(count)[:, None]})
    train, judge = divide(samples, 0.1, 0)
    assert len(judge) == held
    if count > 3:
        both = np.concatenate([train.inputs["x"], judge.inputs["x"]])
        assert sorted(both[:, 0]) == list(range(count))


def test_samples_that_a_student_was_fitted_to_do_not_judge() -> None:
    samples = Samples(inputs={"x": np.arange(100, dtype=np.float32)[:, None]})
    fitted = samples.take(range(60))
    train, judge = divide(samples, 0.1, 0, fitted)
    assert len(judge) == 20
    assert judge.inputs["x"].min() >= 60
    assert sorted([*train.inputs["x"].ravel(), *judge.inputs["x"].ravel()]) == list(range(100))
    _, few = divide(samples, 0.5, 0, fitted)
    assert len(few) == 40  # all that there are
    train, judge = divide(samples, 0.1, 0, samples)
    assert (len(train), len(judge)) == (80, 20)


def test_what_judges_is_varied_too_and_the_same_each_time() -> None:
    plain, varied = _batches(40, 8), _batches(40, 8, Augmentation(mix=True))
    once, again = ([x["x"] for x, *_ in varied._judging(False)] for _ in range(2))
    assert all((a == b).all() for a, b in zip(once, again, strict=True))
    count = len(list(plain._judging(False)))
    assert len(once) == 3 * count
    own = np.concatenate(once[:count])
    assert (own == varied.judge.inputs["x"]).all()
    assert (np.concatenate(once[count : 2 * count]) != own).any()
