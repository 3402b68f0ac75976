"""Samples of files that keep state, and of text that a model looks up itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data import split, synthetic
from edgekit.data.samples import Samples
from edgekit.data.sources import load

X = np.arange(60, dtype=np.float32).reshape(20, 3)
WORDS = np.array([["red", "blue", "é"], ["", "blue", "?"]])
STATE = TensorSpec(name="state", shape=(1, 2), dtype="float32")


def contract(*inputs: TensorSpec, kept: tuple[str, ...] = (), feeds: str = "") -> Contract:
    y = TensorSpec(name="y", shape=(1, 2), dtype="float32", feeds=feeds)
    return Contract(inputs=inputs, outputs=(y,), kept_state=kept)


def numbers(name: str = "x") -> TensorSpec:
    return TensorSpec(name=name, shape=(1, 3), dtype="float32")


def words(name: str = "x") -> TensorSpec:
    return TensorSpec(name=name, shape=(1, 3), dtype="string")


def test_a_sequence_is_drawn_from_its_beginning_on(npz: Callable[..., Path]) -> None:
    keeping, path = contract(numbers(), kept=("total",)), str(npz(x=X, y=np.arange(20) % 2))
    drawn = load(path, keeping, purpose="calibration", limit=9)

    assert drawn.is_sequence
    np.testing.assert_array_equal(drawn.inputs["x"], X[:9])
    parts = split.split(drawn, {"golden": 2, "calibration": 7}, seed=3)
    np.testing.assert_array_equal(parts["golden"].inputs["x"], X[:2])
    np.testing.assert_array_equal(parts["calibration"].inputs["x"], X[2:9])
    stateless = load(path, contract(numbers()), purpose="calibration", limit=9)
    assert not stateless.is_sequence
    assert (stateless.inputs["x"] != X[:9]).any()


def test_a_golden_file_remembers_that_it_is_a_sequence(tmp_path: Path) -> None:
    made = synthetic.synthetic(contract(numbers(), kept=("total",)), 4)
    for samples in (made, replace(made, is_sequence=False)):
        samples.save(tmp_path / "golden.npz")
        assert Samples.load(tmp_path / "golden.npz").is_sequence == samples.is_sequence


def test_what_an_output_feeds_need_not_be_in_the_data(npz: Callable[..., Path]) -> None:
    fed = contract(numbers(), STATE, feeds="state")
    samples = load(str(npz(x=X)), fed, purpose="evaluation", limit=5)

    assert samples.carried == {"state": "y"}
    assert samples.is_sequence
    assert list(samples.inputs) == ["x"]
    np.testing.assert_array_equal(samples.inputs["x"], X[:5])
    given = load(str(npz(x=X, state=X[:, :2])), fed, purpose="evaluation")
    assert not given.carried and not given.is_sequence
    assert set(given.inputs) == {"x", "state"}


def test_text_is_taken_as_it_is_from_arrays_and_tables(
    npz: Callable[..., Path], tmp_path: Path
) -> None:
    table = tmp_path / "words.csv"
    rows = [",".join(row) for row in WORDS]
    table.write_text("\n".join(["x.0,x.1,x.2", *rows]), encoding="utf-8")
    for source in (npz(x=WORDS), table):
        samples = load(str(source), contract(words()), purpose="evaluation")
        np.testing.assert_array_equal(samples.inputs["x"], WORDS)
        assert len(set(samples.digests())) == 2


def test_numbers_for_an_input_of_text_are_refused(npz: Callable[..., Path]) -> None:
    with pytest.raises(DataError, match="must hold text"):
        load(str(npz(x=X)), contract(words()), purpose="evaluation")
