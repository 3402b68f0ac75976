"""Generators, loaders and lists are read once, to their end, and not for ever."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.data import elements

X = np.arange(24, dtype=np.float32).reshape(8, 3)


class Dataset:
    """What is looked at of a `tf.data.Dataset`."""

    def __init__(self, values: list[object], cardinality: int) -> None:
        self._values, self._cardinality = values, cardinality

    def cardinality(self) -> int:
        return self._cardinality

    def as_numpy_iterator(self) -> Iterator[object]:
        return iter(self._values)


class Loader:
    """One that is indexed and, like those of Keras, never raises IndexError."""

    def __len__(self) -> int:
        return 4

    def __getitem__(self, index: int) -> tuple[np.ndarray, np.ndarray]:
        return X[2 * index % 8 :][:2], np.array([index, index])


def broken() -> Iterator[np.ndarray]:
    yield X
    raise KeyError("file 7")


def read(data: object, **limits: int) -> tuple[dict[str, np.ndarray], bool]:
    return elements.read(data, (), "calibration", **limits)


def test_samples_and_equal_batches_stand_along_a_new_axis():
    for data in ((row for row in X), list(X), Dataset(list(X), -2)):
        arrays, stacked = read(data)
        assert stacked and (arrays["x"] == X).all()
    arrays, stacked = read(Loader())
    assert stacked and arrays["x"].shape == (4, 2, 3) and arrays["y"].shape == (4, 2)


def test_unequal_batches_are_joined():
    arrays, stacked = read((X[i : i + 3], i + np.arange(len(X[i : i + 3]))) for i in (0, 3, 6))
    assert not stacked and (arrays["x"] == X).all() and arrays["y"].tolist() == list(range(8))


def test_a_representative_dataset_gives_lists_of_inputs():
    arrays, _ = read([row[None]] for row in X)
    assert arrays["x"].shape == (8, 1, 3)
    pairs = ([row, row[:1]] for row in X)
    assert set(elements.read(pairs, ("a", "b"), "calibration")[0]) == {"a", "b"}


def test_dictionaries_weights_and_text():
    data = (({"a": row, "b": 1}, {"out": 2}, 0.5) for row in X)
    arrays, _ = read(data)
    assert {name: a.shape for name, a in arrays.items()} == {
        "a": (8, 3),
        "b": (8,),
        "labels/out": (8,),
    }
    words, _ = read(Dataset([b"a", b"caf\xc3\xa9"], 2))
    assert words["x"].tolist() == ["a", "caf\u00e9"]
    assert elements.to_array(np.array([b"a"]), "x", "calibration").dtype.kind == "U"
    assert elements.to_array(np.float16([1]), "x", "calibration").dtype == np.float32


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (lambda: Dataset([], -1), "repeats for ever"),
        (lambda: itertools.repeat(X), "must come to an end"),
        (lambda: (), "hold no samples"),
        (lambda: iter([]), "a generator can be read once"),
        (lambda: 5, "one of type int"),
        (lambda: broken(), "KeyError: 'file 7'"),
        (lambda: [X, X[:, :2]], "must have one shape"),
        (lambda: [(X, 1), (X,)], "must hold the same arrays"),
        (lambda: [(X, 1, 2, 3)], "must be (inputs, labels)"),
        (lambda: [[X, X]], "must be a dictionary by their names"),
        (lambda: [(X, (1, 2))], "Labels of several outputs"),
        (lambda: [{1: X}], "the key 1"),
        (lambda: [object()], "must hold numbers or strings"),
        (lambda: [[[1, 2], [3]]], "in rows of one length"),
    ],
)
def test_what_cannot_be_read_is_refused(data: Callable[[], object], said: str):
    with pytest.raises(DataError) as caught:
        read(data(), most_elements=1000, most_bytes=100_000)
    assert said in str(caught.value)


def test_limits_are_stated():
    with pytest.raises(DataError, match="100,000 elements and 2 GiB"):
        read(itertools.repeat(X), most_elements=3)
    with pytest.raises(DataError, match="0 MiB"):
        read(itertools.repeat(X), most_bytes=500)
