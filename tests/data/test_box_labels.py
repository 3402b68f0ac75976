"""Boxes beside arrays of images: checked, moved with the images, padded."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.box_decoder import BoxDecoder
from edgekit.core.errors import DataError
from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.data import box_labels, images
from tests.data.contracts import evaluate, tensor

DET = TensorSpec(name="det", shape=(1, 8, 7), dtype="float32", decode=BoxDecoder())
RULES = {"kind": "image", "size": (32, 32)}
BOXES = np.array([[[4, 8, 20, 40], [0, 0, 64, 48]], [[1, 2, 3, 4], [9, 9, 1, 1]]], np.float32)
CLASSES = np.array([[2, 0], [1, -1]])
RAW = np.zeros((2, 48, 64, 3), np.uint8)


def read(tmp_path, image=None, outputs=(DET,), **arrays):
    path = tmp_path / "data.npz"
    np.savez(path, **{"x": RAW, "boxes": BOXES, "classes": CLASSES, **arrays})
    return evaluate(path, image or tensor("image", (1, 32, 32, 3), **RULES), outputs=outputs)


def test_boxes_move_with_their_images(tmp_path):
    found = read(tmp_path)
    assert found.labels is None
    assert found.head_labels["det"] == pytest.approx(
        np.array(
            [
                [[2, 8 * 32 / 48, 10, 40 * 32 / 48, 2], [0, 0, 32, 32, 0]],
                [[0.5, 4 / 3, 1.5, 8 / 3, 1], [0, 0, 0, 0, -1]],
            ]
        )
    )


@pytest.mark.parametrize("name", ["det", "labels/det", "y"])
def test_boxes_and_classes_in_one_array_are_checked_alike(tmp_path, name):
    rows = np.concatenate([BOXES, CLASSES[..., None]], axis=2)
    path = tmp_path / "one.npz"
    image = tensor("image", (1, 32, 32, 3), **RULES)
    np.savez(path, **{"x": RAW, name: rows})
    found = evaluate(path, image, outputs=(DET,))
    assert found.labels is None
    assert found.head_labels["det"] == pytest.approx(read(tmp_path).head_labels["det"])
    np.savez(path, **{"x": RAW, name: rows + 5})
    with pytest.raises(DataError, match="must be inside the image"):
        evaluate(path, image, outputs=(DET,))


def test_boxes_of_model_inputs_stay(tmp_path):
    x = np.zeros((2, 48, 64, 3), np.float32)
    found = read(tmp_path, tensor("image", (1, 48, 64, 3)), x=x)
    assert found.head_labels["det"][0].tolist() == [[4, 8, 20, 40, 2], [0, 0, 64, 48, 0]]


def test_arrays_of_the_purpose_win(tmp_path):
    more = {"eval_x": RAW[:1], "eval_boxes": BOXES[1:], "eval_classes": CLASSES[1:]}
    assert read(tmp_path, **more).head_labels["det"].shape == (1, 2, 5)
    assert not read(tmp_path, eval_x=RAW[:1]).head_labels


def test_boxes_without_an_output_for_them_are_left_alone(tmp_path):
    two = (tensor("a", (1, 2)), tensor("b", (1, 3)))
    found = read(tmp_path, outputs=two)
    assert not found.is_labelled and set(found.ignored) == {"boxes", "classes"}


def test_the_only_output_takes_them_whatever_it_is(tmp_path):
    assert read(tmp_path, outputs=(tensor("out", (1, 8, 7)),)).head_labels["out"].shape == (2, 2, 5)


def test_draws_keep_boxes_beside_their_images(tmp_path):
    path = tmp_path / "data.npz"
    x = np.arange(20, dtype=np.float32)[:, None, None, None] + np.zeros((1, 32, 32, 3))
    boxes = np.arange(20)[:, None, None] + np.array([[[0, 0, 1, 2]]])
    np.savez(path, x=x.astype("f4"), boxes=boxes, classes=np.zeros((20, 1), int))
    found = evaluate(path, tensor("image", (1, 32, 32, 3)), outputs=(DET,), limit=5)
    assert (found.inputs["image"][:, 0, 0, 0] == found.head_labels["det"][:, 0, 0]).all()


def test_a_crop_cuts_boxes_and_drops_those_outside_of_it():
    """As the pixels do: a white box stays where the labels say."""
    rules = Preprocessing(kind="image", size=(24, 24), resize_shorter_to=32)
    raw = np.zeros((64, 96, 3), np.uint8)
    box = [30, 20, 50, 44]
    raw[box[1] : box[3], box[0] : box[2]] = 255
    there = Contract(inputs=(tensor("image", (1, 24, 24, 3)),), outputs=(DET,))
    rows = np.array([[*box, 1], [0, 0, 10, 10, 0], [0, 0, 40, 64, 2]], float)
    found = box_labels.fitted(rows, (64, 96), rules, there, "image 0")
    assert found == pytest.approx(np.array([[3, 6, 13, 18, 1], [0, 0, 8, 24, 2]]))
    white = images.pixels(raw, rules, "image")[..., 0] > 127
    y, x = np.nonzero(white)
    assert [x.min(), y.min(), x.max() + 1, y.max() + 1] == [3, 6, 13, 18]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"boxes": BOXES[:, :, :3]}, r"boxes \(n, k, 4\)"),
        ({"classes": CLASSES[:, :1]}, r"classes \(n, k\)"),
        ({"boxes": BOXES[:1], "classes": CLASSES[:1]}, "of the images beside them"),
        ({"boxes": BOXES.astype("U8")}, "must be numbers"),
        ({"boxes": BOXES * [1, 1, np.nan, 1]}, "must have finite numbers"),
        ({"boxes": BOXES[..., [2, 1, 0, 3]]}, "must have corners in order"),
        ({"boxes": BOXES + 5}, "must be inside the image, 64 wide and 48 high"),
        ({"boxes": BOXES - 2}, "must be inside the image"),
        ({"classes": CLASSES + 1}, "of a class that the model has, 0 to 2"),
        ({"classes": CLASSES + 0.5}, "of a class that is a whole number"),
        ({"classes": np.full((2, 2), np.nan)}, "must have finite numbers"),
    ],
)
def test_boxes_that_are_none(tmp_path, change, words):
    with pytest.raises(DataError, match=words) as error:
        read(tmp_path, **change)
    assert error.value.received


def test_an_edge_that_a_tool_rounded_is_cut(tmp_path):
    found = read(tmp_path, boxes=BOXES + np.float32(0.9))
    assert found.head_labels["det"][0, 1, 2:4].tolist() == [32, 32]


def test_no_image_has_a_box():
    assert box_labels.of_images([np.zeros((0, 5))] * 2).tolist() == [[[0, 0, 0, 0, -1]]] * 2
