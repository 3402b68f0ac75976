"""COCO's JSON beside images."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from edgekit.core.box_decoder import BoxDecoder
from edgekit.core.errors import DataError
from edgekit.core.records import TensorSpec
from edgekit.data import coco_annotations
from tests.data.contracts import contract, evaluate, tensor

DET = TensorSpec(name="det", shape=(1, 8, 6), dtype="float32", decode=BoxDecoder())
IMAGE = tensor("image", (1, 20, 20, 3), kind="image", size=(20, 20))


def payload():
    return {
        "images": [
            {"id": 7, "file_name": "b.png", "width": 40, "height": 20},
            {"id": 3, "file_name": "more/a.png"},
        ],
        "annotations": [
            {"image_id": 7, "category_id": 5, "bbox": [10, 5, 20, 10]},
            {"image_id": 7, "category_id": 2, "bbox": [0.5, 0, 1, 2]},
            {"image_id": 7, "category_id": 2, "bbox": [0, 0, 40, 20], "iscrowd": 1},
        ],
        "categories": [{"id": 5, "name": "dog"}, {"id": 2, "name": "cat"}],
    }


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "more").mkdir()
    for number, name in enumerate(("b.png", "more/a.png")):
        Image.fromarray(np.full((20, 40, 3), 100 * number, np.uint8)).save(tmp_path / name)
    (tmp_path / "not_annotated.png").write_bytes(b"")
    return tmp_path


def write(folder, content, name="annotations.json"):
    (folder / name).write_text(content if isinstance(content, str) else json.dumps(content))


def read(folder, det=DET, **options):
    return evaluate(folder, IMAGE, outputs=(det,), **options)


@pytest.mark.parametrize("name", coco_annotations.NAMES)
def test_images_that_are_named_with_their_boxes(folder, name):
    write(folder, payload(), name)
    found = read(folder)
    order = np.argsort(found.inputs["image"][:, 0, 0, 0])
    assert found.head_labels["det"][order].tolist() == [
        [[5, 5, 15, 15, 1], [0.25, 0, 0.75, 2, 0]],
        [[0, 0, 0, 0, -1], [0, 0, 0, 0, -1]],
    ]
    assert len(read(folder, limit=1)) == 1


def test_a_category_is_the_label_of_its_name(folder):
    write(folder, payload())
    found = read(folder, replace(DET, labels=("dog", "cat")), limit=None)
    assert sorted(found.head_labels["det"][..., 4].ravel().tolist()) == [-1, -1, 0, 1]
    with pytest.raises(DataError, match="must be one of the output's labels") as error:
        read(folder, replace(DET, labels=("dogs", "cat")))
    assert error.value.hint is not None and "dogs" in error.value.hint


def change(path, value):
    content = payload()
    at = content
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    return content


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", "not COCO's JSON"),
        ("[]", "not COCO's JSON"),
        ("[" * 100_000, "not COCO's JSON"),
        ({"images": [], "annotations": []}, "not COCO's JSON"),
        (change(["images", 0], 3), "not COCO's JSON"),
        (change(["images", 0, "id"], None), "not COCO's JSON"),
        (change(["images"], []), "must be of an image in the list"),
        (change(["images", 0, "file_name"], "c.png"), "name an image that was not found"),
        (change(["images", 0, "file_name"], "../b.png"), "must lie in the folder"),
        (change(["images", 0, "file_name"], "/etc/hostname"), "must lie in the folder"),
        (change(["images", 0, "file_name"], 3), "must have a file_name"),
        (change(["images", 0, "width"], 41), "must have the size that its annotations state"),
        (change(["annotations", 0, "image_id"], 8), "must be of an image in the list"),
        (change(["annotations", 0, "category_id"], 1), "must be of a category in the list"),
        (change(["annotations", 0, "bbox"], [1, 2, 3]), "must be four numbers"),
        (change(["annotations", 0, "bbox"], [1, 2, 3, "4"]), "must be four numbers"),
        (change(["annotations", 0, "bbox"], None), "must be four numbers"),
        (change(["annotations", 0, "bbox"], [1, 2, 3, float("nan")]), "must have finite numbers"),
        (change(["annotations", 0, "bbox"], [10, 5, -2, 3]), "must have corners in order"),
        (change(["annotations", 0, "bbox"], [10, 5, 50, 3]), "must be inside the image"),
        (change(["categories"], [{"id": n} for n in range(9)]), "a class that the model has"),
        ({"images": [], "annotations": [], "categories": []}, "name no image"),
    ],
)
def test_annotations_that_are_none(folder, content, words):
    write(folder, content)
    with pytest.raises(DataError, match=words) as error:
        read(folder)
    assert error.value.received


def test_the_model_must_take_images_and_give_boxes(folder):
    write(folder, payload())
    with pytest.raises(DataError, match="needs preprocessing"):
        evaluate(folder, tensor("image", (1, 20, 20, 3)), outputs=(DET,))
    with pytest.raises(DataError, match="known to hold boxes"):
        evaluate(folder, IMAGE, outputs=(tensor("a", (1, 2)), tensor("b", (1, 2))))
    with pytest.raises(DataError, match="several inputs"):
        evaluate(folder, IMAGE, tensor("more"), outputs=(DET,))


def test_a_folder_without_annotations_is_another_source(folder):
    assert coco_annotations.beside(folder) is None
    write(folder, payload())
    path = coco_annotations.beside(folder)
    assert path == folder / "annotations.json"
    [first, second] = coco_annotations.read(path, contract(IMAGE, outputs=(DET,)))
    assert first.size == (20, 40) and second.size is None and not len(second.boxes)
