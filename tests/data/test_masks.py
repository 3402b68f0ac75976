"""Masks follow their images: ids of pixels, never blended, of equal size or refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from edgekit.core.errors import DataError
from edgekit.core.records import Preprocessing
from edgekit.data import masks
from tests.data.contracts import evaluate, tensor

RNG = np.random.default_rng(0)
IMAGE = tensor("image", (1, 8, 8, 3), kind="image", size=(8, 8), resize="bilinear")
MASK = tensor("mask", (1, 8, 8, 3))
OTHER = tensor("score", (1, 1))


@pytest.fixture
def folder(tmp_path):
    """Five images, 16 high and 16 wide, whose masks say which half of them is bright."""
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for i in range(5):
        ids = np.zeros((16, 16), np.uint8)
        ids[:, : 2 * (i + 2)] = i % 3
        Image.fromarray(ids).save(tmp_path / f"masks/{i}.png")
        pixels = RNG.integers(0, 100, (16, 16, 3)).astype(np.uint8) + ids[..., None] * 50
        Image.fromarray(pixels).save(tmp_path / f"images/{i}.jpg")
    return tmp_path


def test_masks_beside_images_are_labels(folder):
    found = evaluate(folder, IMAGE, outputs=(MASK,))
    assert found.inputs["image"].shape == (5, 8, 8, 3)
    for i in range(5):
        wanted = np.zeros((8, 8), int)
        wanted[:, : i + 2] = i % 3
        np.testing.assert_array_equal(found.labels[i], wanted)


def test_of_several_outputs_they_are_the_masks(folder):
    found = evaluate(folder, IMAGE, outputs=(OTHER, MASK), limit=2)
    assert found.labels is None and found.head_labels["mask"].shape == (2, 8, 8)
    with pytest.raises(DataError, match="labels of one output") as caught:
        evaluate(folder, IMAGE, outputs=(MASK, tensor("depth", (1, 8, 8, 1))))
    assert 'kind = "mask"' in caught.value.hint
    with pytest.raises(DataError, match="labels of one output"):
        evaluate(folder, IMAGE, outputs=(OTHER,))


def test_masks_are_cut_out_as_their_images_are(folder):
    spec = tensor("image", (1, 8, 8, 3), kind="image", size=(8, 8), resize_shorter_to=16)
    found = evaluate(folder, spec, outputs=(MASK,))
    wanted = np.zeros((8, 8), int)
    wanted[:, : 2 * (4 + 2) - 4] = 4 % 3
    np.testing.assert_array_equal(found.labels[4], wanted)


def test_white_is_one(folder):
    for path in (folder / "masks").iterdir():
        ids = np.asarray(Image.open(path))
        Image.fromarray(((ids > 0) * 255).astype(np.uint8)).save(path)
    found = evaluate(folder, IMAGE, outputs=(tensor("mask", (1, 8, 8, 1)),))
    assert sorted(np.unique(found.labels)) == [0, 1]


def test_a_palette_gives_its_indices(tmp_path):
    ids = np.arange(16).reshape(4, 4).astype(np.uint8)
    picture = Image.fromarray(ids, "L").convert("P")
    picture.putdata(ids.ravel())
    picture.putpalette(RNG.integers(0, 255, 768).tolist())
    picture.save(tmp_path / "a.png")
    np.testing.assert_array_equal(masks.read(tmp_path / "a.png"), ids)
    Image.fromarray(np.stack([ids] * 3, axis=-1)).save(tmp_path / "b.png")
    np.testing.assert_array_equal(masks.read(tmp_path / "b.png"), ids)


def test_colours_are_no_classes(tmp_path):
    Image.fromarray(RNG.integers(0, 255, (4, 4, 3)).astype(np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(DataError, match="one channel") as caught:
        masks.read(tmp_path / "a.png")
    assert "colours" in caught.value.received


def test_a_mask_of_another_size_is_refused(folder):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(folder / "masks/3.png")
    with pytest.raises(DataError, match="size of its image") as caught:
        evaluate(folder, IMAGE, outputs=(MASK,))
    assert "3.png: 8x8 for an image of 16x16" in caught.value.received


def test_an_image_without_a_mask_is_named(folder):
    (folder / "masks/2.png").unlink()
    with pytest.raises(DataError, match="mask of each image") as caught:
        evaluate(folder, IMAGE, outputs=(MASK,))
    assert caught.value.received.startswith("1 of 5 images without")
    assert "2.png" in caught.value.hint


def test_classes_may_be_called_images_and_masks(folder):
    labelled = tensor("kind", (1, 2), labels=("images", "masks"))
    found = evaluate(folder, IMAGE, outputs=(labelled,))
    assert sorted(found.labels) == [0] * 5 + [1] * 5


def test_arrays_of_masks_follow_raw_images(tmp_path):
    images = RNG.integers(0, 255, (3, 16, 16, 3)).astype(np.uint8)
    ids = np.arange(3 * 256).reshape(3, 16, 16) % 3
    np.savez(tmp_path / "data.npz", x=images, mask=ids, score=np.zeros(3))
    found = evaluate(tmp_path / "data.npz", IMAGE, outputs=(MASK, OTHER))
    rules = Preprocessing(kind="image", size=(8, 8))
    for mask, raw in zip(found.head_labels["mask"], ids, strict=True):
        np.testing.assert_array_equal(mask, masks.fitted(raw, (16, 16), rules, "it"))
    np.savez(tmp_path / "data.npz", x=images, y=ids)
    assert evaluate(tmp_path / "data.npz", IMAGE, outputs=(MASK,)).labels.shape == (3, 8, 8)


def test_arrays_that_fit_already_stay(tmp_path):
    images = RNG.integers(0, 255, (3, 16, 16, 3)).astype(np.uint8)
    ids = np.ones((3, 8, 8), int)
    np.savez(tmp_path / "data.npz", x=images, y=ids)
    np.testing.assert_array_equal(
        evaluate(tmp_path / "data.npz", IMAGE, outputs=(MASK,)).labels, ids
    )


@pytest.mark.parametrize("shape", [(3, 5, 8), (3, 5, 8, 1)])
def test_masks_of_another_size_than_the_output(shape):
    with pytest.raises(DataError, match=r"'mask' must have its size, 8x8") as caught:
        masks.check_size(np.zeros(shape, int), MASK)
    assert caught.value.received == f"labels of shape {shape}"
    masks.check_size(np.zeros((3, 8, 8), int), MASK)
    masks.check_size(np.zeros((3, 5, 8)), MASK)  # targets of another form, no masks
    masks.check_size(np.zeros((3, 5, 8), int), OTHER)
