"""Samples given in Python become the samples that a file would give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data import in_memory, npz, sources
from edgekit.data.samples import Samples

X = np.arange(24, dtype=np.float32).reshape(8, 3)
Y = np.arange(8)
OUTPUT = TensorSpec(name="out", shape=(1, 8), dtype="float32")
ONE = Contract(inputs=(TensorSpec(name="feat", shape=(1, 3), dtype="float32"),), outputs=(OUTPUT,))
TWO = Contract(
    inputs=tuple(TensorSpec(name=name, shape=(1, 3), dtype="float32") for name in "ab"),
    outputs=(OUTPUT,),
)


def _named(value: object) -> str:
    """A parameter by its type: how it shows itself differs from process to process."""
    return value if isinstance(value, str) else type(value).__name__


def loaded(data: object, folder: Path, contract: Contract = ONE, inputs: tuple[str, ...] = ()):
    source = in_memory.source(data, folder, "evaluation", inputs)
    assert source is not None
    return sources.load(source, contract, purpose="evaluation")


@pytest.mark.parametrize(
    "data",
    [
        X,
        X.tolist(),
        (X,),
        (X, None),
        {"feat": X},
        {"x": X},
        [X[:4], X[4:]],
        [X[:3], X[3:]],
        iter(X),
        lambda: ([row[None]] for row in X),
        Samples(inputs={"feat": X}),
    ],
    ids=_named,
)
def test_every_form_of_inputs_gives_the_same_samples(data: object, tmp_path: Path):
    samples = loaded(data, tmp_path)
    assert (samples.inputs["feat"] == X).all() and samples.labels is None
    assert samples.source == "evaluation data given in Python"
    assert samples.sha256 == Samples(inputs={"feat": X}).sha256


@pytest.mark.parametrize(
    "data",
    [
        (X, Y),
        ({"feat": X}, Y.tolist()),
        {"x": X, "y": Y},
        zip(X, Y, strict=True),
        [(X[:4], Y[:4]), (X[4:], Y[4:])],
        ((X[i : i + 3], Y[i : i + 3]) for i in (0, 3, 6)),
        Samples(inputs={"feat": X}, labels=Y),
        (X, {"out": Y}),
    ],
    ids=_named,
)
def test_labels_come_along(data: object, tmp_path: Path):
    samples = loaded(data, tmp_path)
    assert (samples.inputs["feat"] == X).all()
    assert samples.labels is not None and samples.labels.tolist() == Y.tolist()


def test_several_inputs_by_name_or_in_their_order(tmp_path: Path):
    for data in ({"a": X, "b": -X}, ({"a": r, "b": -r} for r in X), [X, -X], ([X, -X],)):
        by_order = isinstance(data, (list, tuple))
        samples = loaded(data, tmp_path, TWO, ("a", "b") if by_order else ())
        assert (samples.inputs["a"] == X).all() and (samples.inputs["b"] == -X).all()


def test_names_of_files_pass_as_they_are(tmp_path: Path):
    assert in_memory.source("data.npz", tmp_path, "calibration") == "data.npz"
    assert in_memory.source(Path("data.npz"), tmp_path, "calibration") == "data.npz"
    assert in_memory.source(None, tmp_path, "calibration") is None
    assert list(tmp_path.iterdir()) == []


def test_the_same_samples_are_the_same_file(tmp_path: Path):
    first = Path(in_memory.source((X, Y), tmp_path, "calibration") or "").read_bytes()
    assert Path(in_memory.source((X, Y), tmp_path, "calibration") or "").read_bytes() == first
    assert set(npz.names(tmp_path / "calibration.npz")) == {"x", "y", in_memory.SOURCE}


class Broken:
    """A tensor that cannot come to the host."""

    shape = (8, 3)

    def __array__(self, *_: object) -> np.ndarray:
        raise RuntimeError("on another device")


def fails() -> object:
    raise ValueError("no such file")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((X, Y[:5]), "'x': 8, 'y': 5"),
        (np.zeros((0, 3)), "hold no samples"),
        (np.float32(3), "a single value"),
        ((), "a tuple of 0"),
        ({}, "hold no arrays"),
        ("", "must be named"),
        (Samples, "an instance, not a class"),
        (fails, "ValueError: no such file"),
        (Broken(), "on another device"),
        (object(), "one of type object"),
        ([], "hold no samples"),
    ],
    ids=_named,
)
def test_what_is_no_data_is_refused(data: object, said: str, tmp_path: Path):
    with pytest.raises(DataError) as caught:
        in_memory.source(data, tmp_path, "calibration")
    assert said in str(caught.value)


def test_what_does_not_fit_the_model_is_refused_in_words_of_python(tmp_path: Path):
    with pytest.raises(DataError, match="evaluation data given in Python"):
        loaded({"wrong": X}, tmp_path)
    with pytest.raises(DataError, match="must have the shape"):
        loaded(X[:, :2], tmp_path)
    uneven = [(X[:4], Y[:2]), (X[4:], Y[2:4])]
    with pytest.raises(DataError, match="as many labels as samples"):
        loaded(uneven, tmp_path)
