"""A model that lives in one process only is exported there, and stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from edgekit.core.errors import ModelError

pytestmark = pytest.mark.convert


@pytest.mark.parametrize(
    ("name", "shape"),
    [
        ("local", [1, 8]),
        ("lambda", [1, 8]),
        ("closed", [1, 8]),
        ("keras2_local", [1, 4, 8]),
    ],
)
def test_a_model_is_exported_where_it_lives(name: str, shape: list[int], case: Any):
    exported = case("export_here", name=name)
    assert exported["inputs"] == [shape] and exported["golden"] == 2 and exported["size"] > 500
    assert exported["unchanged"]


def test_an_lstm_of_keras_2_may_use_a_gpu_again(case: Any):
    assert case("export_here", name="keras2_local")["gpu_flag"] == [True]


def test_a_state_is_kept(case: Any):
    assert case("keep_state")


def test_a_copy_that_computes_the_same_passes(case: Any):
    assert case("check_copy", name="own") == "equal"


def test_a_layer_that_forgets_its_arguments_is_noticed(case: Any):
    with pytest.raises(ModelError, match="must compute what the model does"):
        case("check_copy", name="forgetful")
