"""Labels of every form as class ids, outputs as scores."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.errors import DataError, UsageError
from edgekit.core.records import TensorSpec
from edgekit.measure import classes

NAMED = TensorSpec(name="y", shape=(1, 3), dtype="float32", labels=("cat", "dog", "owl"))
SCORES = np.zeros((4, 3))
IDS = np.array([0, 2, 1, 2])


@pytest.mark.parametrize(
    "labels",
    [
        IDS,
        IDS.astype(np.float32),
        IDS.astype(np.uint8)[:, None],
        np.eye(3)[IDS],
        np.array(["cat", "owl", "dog", "owl"]),
        np.array([b"cat", b"owl", b"dog", b"owl"]),
    ],
)
def test_labels_of_every_form_are_the_same_ids(labels: np.ndarray) -> None:
    found = classes.ids(labels, SCORES, NAMED)
    assert found.dtype == np.int64
    assert found.tolist() == IDS.tolist()


def test_outputs_with_positions_have_an_id_at_each() -> None:
    labels = np.array([[0, 1], [2, 2]])
    assert classes.ids(labels, np.zeros((2, 2, 3)), NAMED).tolist() == labels.tolist()


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (IDS + 1, "from 0 to 2"),
        (IDS - 1, "from 0 to 2"),
        (IDS + 0.5, "whole numbers"),
        (IDS[:3], "ids of shape"),
        (np.full((4, 3), 0.3), "one-hot"),
        (np.array(["cat", "cow", "dog", "owl"]), "names of output"),
        (IDS.astype(np.complex64), "ids or names"),
    ],
)
def test_other_labels_are_refused(labels: np.ndarray, words: str) -> None:
    with pytest.raises(DataError, match=words):
        classes.ids(labels, SCORES, NAMED)


def test_the_first_wrong_label_is_shown_with_what_may_be_wrong() -> None:
    with pytest.raises(DataError) as caught:
        classes.ids(np.array([1, 2, 3, 3]), SCORES, NAMED)
    assert "2 others, first 3 in sample 2" in str(caught.value.received)
    assert "subtract 1" in str(caught.value.hint)
    with pytest.raises(DataError) as caught:
        classes.ids(np.array(["cat", "dogs", "owl", "owl"]), SCORES, NAMED)
    assert "'dogs' in sample 1" in str(caught.value.received)
    assert "dog" in str(caught.value.hint)


def test_names_need_the_names_of_all_classes() -> None:
    with pytest.raises(DataError, match="need the names"):
        classes.ids(np.array(["cat"] * 4), np.zeros((4, 5)), NAMED)


@pytest.mark.parametrize(
    ("activation", "values", "predicted"),
    [
        ("sigmoid", [0.4, 0.6], [0, 1]),
        (None, [0.4, 0.6], [0, 1]),
        (None, [-0.4, 0.6], [0, 1]),  # no probabilities: logits
        ("none", [0.4, 0.1], [1, 1]),
    ],
)
def test_one_value_is_two_classes(
    activation: str | None, values: list[float], predicted: list[int]
) -> None:
    spec = TensorSpec(name="y", shape=(1, 1), dtype="float32", activation=activation)
    for output in (np.array(values), np.array(values)[:, None]):
        assert classes.count(output) == 2
        assert classes.scores(output, spec).argmax(axis=-1).tolist() == predicted


def test_several_values_without_classes_are_refused() -> None:
    with pytest.raises(UsageError, match="last axis"):
        classes.scores(np.zeros((2, 3, 1)), NAMED)
    assert classes.scores(SCORES, NAMED) is SCORES
    assert classes.count(SCORES) == 3
