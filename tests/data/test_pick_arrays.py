"""Which array is for what: inputs, labels of outputs, by purpose; names that are nearly right."""

from __future__ import annotations

import pytest

from edgekit.core.errors import DataError
from edgekit.data.pick_arrays import Picked, pick
from tests.data.contracts import contract, tensor

HEADS = (tensor("gender", (1, 2)), tensor("age", (1, 1)))


def picked(*names: str, inputs=(), outputs=HEADS, purpose="evaluation") -> Picked:
    return pick(names, contract(*inputs, outputs=outputs), purpose, "data.npz")


def test_arrays_named_as_outputs_are_their_labels():
    found = picked("x", "gender", "age")
    assert found.inputs == {"x": "x"}
    assert (found.heads, found.labels) == ({"gender": "gender", "age": "age"}, None)
    assert picked("x", "age").heads == {"age": "age"}
    assert picked("x", "y", "age").labels == "y"


@pytest.mark.parametrize("word", ["test", "eval", "evaluation"])
def test_labels_are_those_of_the_same_word(word):
    found = picked("x", f"x_{word}", f"gender_{word}", f"{word}_age", "age")
    assert found.inputs == {"x": f"x_{word}"}
    assert found.heads == {"gender": f"gender_{word}", "age": f"{word}_age"}
    assert picked(f"x_{word}", "age").heads == {}


def test_calibration_falls_back_to_training():
    found = picked("x_train", "age_train", purpose="calibration")
    assert found.heads == {"age": "age_train"}


def test_of_one_output_its_name_is_as_good_as_y():
    one = (tensor("digit", (1, 2)),)
    assert picked("x", "digit", outputs=one) == Picked(inputs={"x": "x"}, labels="digit")
    assert picked("x", "y", "digit", outputs=one).labels == "y"
    assert picked("x", "y", "labels/digit", outputs=one).labels == "labels/digit"


def test_a_name_of_both_is_the_inputs_and_another_spelling_is_the_outputs():
    both = dict(inputs=(tensor("state"), tensor("x")), outputs=(tensor("state"), tensor("y")))
    found = picked("x", "state", "y", **both)
    assert (found.inputs["state"], found.heads) == ("state", {"y": "y"})
    assert picked("x", "state", "labels/state", **both).heads == {"state": "labels/state"}
    assert picked("x_test", "state_test", "labels/state_test", **both).heads == {
        "state": "labels/state_test"
    }


def test_an_output_may_be_called_as_labels_are():
    found = picked("x", "label", "y", outputs=(tensor("label"), tensor("other")))
    assert (found.heads, found.labels) == ({"label": "label"}, "y")


def test_what_is_for_nothing_is_kept_for_messages():
    assert picked("x", "agee", "y_train", "gender_test", "comment").ignored == ("agee", "comment")


def test_labels_of_an_output_that_is_none():
    with pytest.raises(DataError, match="outputs of the model: gender, age") as caught:
        picked("x", "labels/agee")
    assert caught.value.received == "labels of 'agee'"
    assert caught.value.hint == "did you mean 'age'?"
