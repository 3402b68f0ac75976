"""Samples of another shape, with NaN, or of different numbers."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.data import check_samples
from tests.data.contracts import evaluate, tensor

X = np.arange(12, dtype=np.float32).reshape(4, 3)


Y = np.array([0, 1, 0, 1])


@pytest.mark.parametrize(
    ("shape", "array", "hint"),
    [
        ((1, 4, 3), X, "looks like one sample"),
        ((1, 3), X[:, None], "array\\[:, 0\\]"),
        ((1, 3), X.reshape(2, 2, 3), "concatenate"),
        ((1, 5, 6, 3), np.ones((2, 3, 5, 6)), "moveaxis"),
        ((1, 7), X, "reshape"),
    ],
)
def test_shapes_that_do_not_fit(npz, shape, array, hint):
    with pytest.raises(DataError, match=hint) as caught:
        evaluate(npz(x=array), tensor("x", shape))
    assert "'x'" in caught.value.rule
    assert str(shape[1:]) in caught.value.rule
    assert str(array.shape) in caught.value.received


def test_unknown_sizes_match_and_scalars_may_be_columns(npz):
    assert evaluate(npz(x=X), tensor("x", (1, -1))).inputs["x"].shape == (4, 3)
    assert evaluate(npz(x=X[:, :1]), tensor("x", (1,))).inputs["x"].shape == (4,)
    assert evaluate(npz(x=X[:, 0]), tensor("x", (1, 1))).inputs["x"].shape == (4, 1)


def test_nan_and_infinity_are_found(npz):
    bad = X.copy()
    bad[2, 1], bad[3, 0] = np.nan, np.inf
    with pytest.raises(DataError) as caught:
        evaluate(npz(x=bad))
    assert "'x'" in caught.value.rule
    assert "2 of 12" in caught.value.received
    assert "[2, 1]" in caught.value.received
    with pytest.raises(DataError, match="Labels"):
        evaluate(npz(x=X, y=bad[:, 0]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_calibration_samples_are_finite_too(npz, value):
    bad = X.copy()
    bad[1, 2] = value
    with pytest.raises(DataError) as caught:
        evaluate(npz(calib_x=bad), purpose="calibration")
    assert "1 of 12 values are NaN or infinite, the first at index [1, 2]" in str(caught.value)
    assert "look at sample 1" in caught.value.hint


def test_empty_and_uneven(npz):
    with pytest.raises(DataError, match="There are no samples"):
        evaluate(npz(x=X[:0]))
    with pytest.raises(DataError, match=r"x: 4, labels: 3"):
        evaluate(npz(x=X, y=Y[:3]))
    with pytest.raises(DataError, match="x: a single value"):
        evaluate(npz(x=np.float32(1)))


@pytest.mark.parametrize(
    ("array", "hint"),
    [
        (np.array(["a", "b"]), 'kind = "text"'),
        (np.array([1j, 2j]), "real numbers"),
    ],
)
def test_what_is_no_number_is_told_what_to_do(array, hint):
    with pytest.raises(DataError, match="must hold numbers") as caught:
        check_samples.fit(array, tensor(shape=(1,)))
    assert caught.value.received == f"dtype {array.dtype}"
    assert hint in caught.value.hint


def test_a_last_axis_of_one_comes_and_goes():
    gray = np.ones((2, 5, 6), np.float32)
    assert check_samples.fit(gray, tensor(shape=(1, 5, 6, 1))).shape == (2, 5, 6, 1)
    assert check_samples.fit(gray[..., None], tensor(shape=(1, 5, 6))).shape == (2, 5, 6)
    with pytest.raises(DataError) as caught:
        check_samples.fit(gray, tensor(shape=(1, -1, 7, 1)))
    assert caught.value.rule == "Each sample of input 'x' must have the shape (any, 7, 1)."


def test_only_floats_can_be_infinite():
    check_samples.finite(np.array([1, 2]), "It")
    check_samples.finite(np.array([True]), "It")
    with pytest.raises(DataError, match=r"1 of 2 .* at index \[1\]"):
        check_samples.finite(np.array([0j, complex(0, np.inf)]), "It")
    with pytest.raises(DataError, match="1 of 1") as caught:
        check_samples.finite(np.array(np.nan), "It")
    assert caught.value.hint is None  # a single value has no sample to look at


def test_the_number_of_samples():
    assert check_samples.lengths({"a": X, "b": Y}, "here") == 4
    with pytest.raises(DataError) as caught:
        check_samples.lengths({"a": X, "b": Y[:3], "labels": Y}, "data.npz")
    assert caught.value.received == "a: 4, b: 3, labels: 4"
    assert "data.npz" in caught.value.hint
    with pytest.raises(DataError, match="labels: a single value"):
        check_samples.lengths({"a": X, "labels": np.array(1)}, "here")
    with pytest.raises(DataError, match="none in here"):
        check_samples.lengths({"a": X[:0]}, "here")
