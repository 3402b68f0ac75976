"""What the contract states decides how outputs become boxes; somebody's own decoder is checked."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.box_decoder import BoxDecoder
from edgekit.core.errors import DataError
from edgekit.core.records import Preprocessing, TensorSpec
from edgekit.measure.detection import decode_boxes
from tests.measure.detection import contracts_of_boxes as boxes

TWO = boxes.rows((10, 10, 30, 30, 0, 0.5), (40, 20, 60, 40, 2, 0.9))


def test_plain_columns_are_decoded_without_a_word():
    [found] = decode_boxes.detections({"det": TWO}, boxes.contract())
    assert found.boxes == pytest.approx(np.array([[40, 20, 60, 40], [10, 10, 30, 30]]))
    assert found.classes.tolist() == [2, 0] and found.scores == pytest.approx([0.9, 0.5])


def test_boxes_beside_scores_of_another_output():
    there = boxes.contract(
        boxes.output("where", (1, 6, 4), kind="boxes"),
        boxes.output("what", (1, 6, 3), kind="scores"),
    )
    [found] = decode_boxes.detections({"where": TWO[..., :4], "what": TWO[..., 4:]}, there)
    assert found.classes.tolist() == [2, 0]


def test_outputs_that_nobody_says_are_boxes():
    with pytest.raises(DataError, match="known to hold them"):
        decode_boxes.detections({"det": TWO}, boxes.contract(boxes.output()))


def test_an_output_that_is_not_there():
    with pytest.raises(DataError, match="needs output 'what'"):
        decode_boxes.detections({"det": TWO[..., :4]}, boxes.stated(scores="what"))


def test_a_model_that_ends_with_suppression():
    outputs = {
        "det": np.array([[[0.25, 0.5, 0.75, 1.0], [0, 0, 0.5, 0.5]]]),
        "score": np.array([[0.4, 0.8]]),
        "class": np.array([[3.0, 1.0]]),
    }
    there = boxes.stated(scores="score", classes="class")
    [found] = decode_boxes.detections(outputs, there)
    assert found.boxes.tolist() == [[0, 0, 48, 32], [48, 16, 96, 48]]  # y x y x, fractions
    assert found.classes.tolist() == [1, 3]
    with pytest.raises(DataError, match="already suppressed"):
        decode_boxes.detections({**outputs, "score": np.zeros((1, 3))}, there)


def test_size_is_that_of_preprocessing_or_of_the_input():
    rules = Preprocessing(kind="image", size=(10, 20))
    shaped = TensorSpec(name="x", shape=(1, -1, -1, 3), dtype="float32", preprocessing=rules)
    assert decode_boxes.input_size(boxes.contract(image=shaped)) == (10, 20)
    assert decode_boxes.input_size(boxes.contract()) == (64, 96)
    flat = TensorSpec(name="x", shape=(1, 8), dtype="float32")
    with pytest.raises(DataError, match="an image of a known size"):
        decode_boxes.input_size(boxes.contract(image=flat))


# Somebody's own decoder

OWN = """
import numpy as np

def good(outputs):
    return [(d[:2, :4], d[:2, 4], np.array([1, 0])) for d in outputs["det"]]

def none(outputs):
    return [([], [], []) for _ in outputs["det"]]

def raises(outputs):
    return outputs["boxes"]

def too_few(outputs):
    return []

def no_triples(outputs):
    return [np.zeros((2, 6)) for _ in outputs["det"]]

def other_shape(outputs):
    return [(np.zeros((2, 3)), np.zeros(2), np.zeros(2)) for _ in outputs["det"]]

def broken(outputs):
    return [(np.full((1, 4), np.nan), np.ones(1), np.zeros(1)) for _ in outputs["det"]]

def no_classes(outputs):
    return [(np.zeros((1, 4)), np.ones(1), np.full(1, 0.5)) for _ in outputs["det"]]

def no_list(outputs):
    return None
"""


@pytest.fixture
def own(tmp_path, monkeypatch):
    (tmp_path / "own_decoder.py").write_text(OWN)
    monkeypatch.chdir(tmp_path)


def test_a_function_decodes(own):
    [found] = decode_boxes.detections({"det": TWO}, boxes.stated(head="own_decoder:good"))
    assert found.scores.tolist() == [0.5] and found.classes.tolist() == [1]
    [found] = decode_boxes.detections({"det": TWO}, boxes.stated(head="own_decoder:none"))
    assert found.boxes.shape == (0, 4)


@pytest.mark.parametrize(
    ("function", "words"),
    [
        ("raises", "own_decoder:raises failed with an exception"),
        ("too_few", "for each of 1 images"),
        ("no_triples", "failed with an exception"),
        ("other_shape", r"must return boxes \(k, 4\)"),
        ("broken", "finite numbers, and whole ones as classes"),
        ("no_classes", "finite numbers, and whole ones as classes"),
        ("no_list", "failed with an exception"),
        ("lacking", "must name a function"),
    ],
)
def test_a_function_that_fails_or_returns_something_else(own, function, words):
    there = boxes.stated(head=f"own_decoder:{function}")
    with pytest.raises(DataError, match=words) as error:
        decode_boxes.detections({"det": TWO}, there)
    assert error.value.exit_code == 2 and error.value.received


def test_what_a_decoder_says_of_scores_holds():
    strict = boxes.stated(min_score=0.6)
    assert len(decode_boxes.detections({"det": TWO}, strict)[0].scores) == 1
    one = boxes.stated(max_boxes=1)
    assert decode_boxes.detections({"det": TWO}, one)[0].scores == pytest.approx([0.9])
    assert BoxDecoder().min_score == 0.001
