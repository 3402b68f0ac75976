"""What training minimizes, and the labels that it takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import DataError

pytestmark = pytest.mark.convert


@pytest.mark.parametrize(
    ("labels", "ending"),
    [
        ("ids", "softmax"),
        ("column", "softmax"),
        ("one_hot", "softmax"),
        ("ids", None),
        ("ids", "sigmoid"),
        ("one_hot", "sigmoid"),
    ],
)
def test_labels_of_every_form_are_learned(case: Any, labels: str, ending: str | None):
    assert case("labelled", labels=labels, ending=ending)["right"] > 0.9


@pytest.mark.parametrize(
    ("labels", "rule"),
    [
        ("outside", "Class ids must be from 0 to 2"),
        ("negative", "Class ids must be from 0 to 2"),
        ("names", "must be numbers"),
        ("nan", "finite"),
        ("pairs", "have the output's shape"),
        ("none", "needs labels"),
    ],
)
def test_labels_that_do_not_fit_are_refused(case: Any, labels: str, rule: str):
    with pytest.raises(DataError, match=rule) as caught:
        case("labelled", labels=labels)
    assert caught.value.hint or labels == "nan"


def test_the_form_of_an_output_is_what_ends_the_model(case: Any):
    assert case("forms") == {
        "dense": "values",
        "softmax": "softmax",
        "layer": "softmax",
        "op": "softmax",
        "other axis": "values",
        "nested": "softmax",
        "passed on": "sigmoid",
        "reshaped": "values",
        "sigmoid": "sigmoid",
        "tanh": "values",
    }


def test_losses_are_the_divergences_that_they_are_named_after(case: Any):
    got = case("divergences")
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    q = np.array([[0.5, 0.3, 0.2], [0.2, 0.2, 0.6]])

    def kl(a: np.ndarray, b: np.ndarray) -> float:
        return float(np.mean(np.sum(a * np.log(a / b), axis=-1)))

    warm = [np.sqrt(v) / np.sqrt(v).sum(-1, keepdims=True) for v in (p, q)]
    assert got["softmax"] == pytest.approx(kl(p, q), rel=1e-4)
    assert got["warm"] == pytest.approx(4 * kl(*warm), rel=1e-4)
    assert got["same"] == pytest.approx(0, abs=1e-6)
    each = p * np.log(p / q) + (1 - p) * np.log((1 - p) / (1 - q))
    assert got["sigmoid"] == pytest.approx(each.mean(), rel=1e-4)
    assert got["values"] == pytest.approx(np.mean((p - q) ** 2) / 4, rel=1e-5)
    assert np.isfinite(got["certain"]) and got["certain"] > 10


def test_losses_against_labels_are_the_textbooks(case: Any):
    got = case("label_losses")
    p = np.array([[0.7, 0.2, 0.1], [0.1, 0.1, 0.8]])
    scores = np.array([[2.0, -1.0, 0.5], [0.0, 1.0, -3.0]])
    rows = np.eye(3)[[0, 2]]
    assert got["ids"] == pytest.approx(-np.log([0.7, 0.8]).mean(), rel=1e-5)
    assert got["one-hot"] == pytest.approx(got["ids"], rel=1e-6)
    likely = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
    assert got["logits"] == pytest.approx(-(likely * rows).sum(axis=1).mean(), rel=1e-5)
    each = -(rows * np.log(p) + (1 - rows) * np.log(1 - p))
    assert got["sigmoid"] == pytest.approx(each.mean(), rel=1e-4)
    assert got["values"] == pytest.approx(np.square(rows - scores).mean(), rel=1e-5)


def test_labels_become_what_the_loss_takes(case: Any):
    got = case("fitted_labels")
    assert got["ids"] == got["column of ids"] == [[0, 2, 1], "int32", "softmax", True]
    assert got["ids of values"] == [[0, 2, 1], "int32", "logits", True]
    rows = [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    assert got["ids of flags"] == [rows, "float32", "sigmoid", False]
    assert got["one-hot"] == [rows, "float32", "softmax", False]
    assert got["numbers"] == [[[0.5], [1.5], [9.0]], "float32", "values", False]
    assert got["ids of one output"][1:] == ["float32", "values", False]
    assert got["ids by place"][1:] == ["int32", "softmax", True]


@pytest.mark.parametrize(
    ("labels", "shape", "form", "received"),
    [
        ([0, 3], [None, 3], "softmax", "0 to 3"),
        ([[0.0, 1.5], [1.0, 0.0]], [None, 2], "softmax", "0 to 1.5"),
        ([[0.5, 0.5, 0.0]], [None, 2], "values", "shape (1, 3), dtype float64"),
        (["cat", "dog"], [None, 2], "softmax", "dtype <U3"),
        ([1.0, float("inf")], [None, 1], "values", "1 NaN or infinite values"),
    ],
)
def test_what_is_wrong_with_labels_is_told(
    case: Any, labels: list[Any], shape: list[int | None], form: str, received: str
):
    with pytest.raises(DataError) as caught:
        case("fit_one_label", labels=labels, shape=shape, form=form)
    assert caught.value.received == received
