"""A loaded model: names, and samples that do not fit."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import DataError, ModelError
from edgekit.core.records import TensorSpec
from edgekit.frontend.load.loaded import LoadedModel, tensor_spec, unique


def test_unique_names_keep_what_was_unique():
    assert unique(["a", "b"]) == ("a", "b")
    assert unique(["a", "a", "a_1", "a"]) == ("a", "a_2", "a_1", "a_3")
    assert len(set(unique(["", "", "tensor"]))) == 3


def loaded(*inputs: TensorSpec) -> LoadedModel:
    return LoadedModel(
        kind="keras3",
        name="net",
        inputs=inputs,
        outputs=(),
        trackable=None,
        call=lambda values: {},
        id_limits={},
    )


X = TensorSpec(name="x", shape=(-1, -1, 3), dtype="float32")
SIDE = TensorSpec(name="side", shape=(-1,), dtype="int32")


@pytest.mark.parametrize(
    ("inputs", "received"),
    [
        ({"x": np.ones((2, 5, 3)), "sid": np.ones(2)}, "an input 'sid'"),
        ({"x": np.ones((2, 5, 3))}, "no input 'side'"),
        ({"x": np.ones((2, 5, 4)), "side": np.ones(2)}, "shape (2, 5, 4)"),
        ({"x": np.ones((2, 3)), "side": np.ones(2)}, "shape (2, 3)"),
        ({"x": np.ones((2, 5, 3)), "side": np.ones(3)}, "x: 2, side: 3"),
        ({"x": np.ones((0, 5, 3)), "side": np.ones(0)}, "x: 0, side: 0"),
    ],
)
def test_samples_that_do_not_fit_are_refused_before_anything_runs(
    inputs: dict[str, np.ndarray], received: str
):
    with pytest.raises(DataError) as caught:
        loaded(X, SIDE).predict(inputs)
    assert caught.value.received == received


def test_sizes_of_none_are_minus_one():
    spec = tensor_spec("x", (None, 4), SimpleNamespace(name="float32"))
    assert (spec.shape, spec.dtype) == ((-1, 4), "float32")
    assert tensor_spec("s", None, "int8").shape == ()


@pytest.mark.convert
def test_the_last_batch_of_a_fixed_size_is_filled_up(frontend: Any):
    found = frontend("fixed_batch")
    assert found["rows"] == 7 and found["difference"] < 1e-5


@pytest.mark.convert
def test_a_model_that_fails_is_the_models_fault(frontend: Any):
    with pytest.raises(ModelError) as caught:
        frontend("failing")
    assert "no such luck" in caught.value.received
