"""What a model says of itself: activations of its outputs, scaling of its inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.convert
BOTH = pytest.mark.parametrize("kind", ["keras3", "keras2"])


@pytest.fixture(scope="module")
def case(start_cases: Callable[[Path], Any]) -> Any:
    return start_cases(Path(__file__).parent / "describe_worker.py")


@BOTH
def test_models_in_models_are_looked_into(kind, case: Any):
    told = case("nested", kind=kind)
    assert told["scaling"]["outer"]["layer"] == "scale"
    assert told["contract"]["outputs"][0]["activation"] == "softmax"


@BOTH
def test_a_sequential_tells_both(kind, case: Any):
    told = case("sequential", kind=kind)
    assert [one["takes_pixels"] for one in told["scaling"].values()] == [True]
    assert told["contract"]["outputs"][0]["activation"] == "sigmoid"


@BOTH
def test_each_output_has_its_own_activation_and_ids_their_limit(kind, case: Any):
    told = case("heads", kind=kind)
    activations = {one["name"]: one.get("activation") for one in told["contract"]["outputs"]}
    assert activations == {"tags": "sigmoid", "angles": None, "kind": "softmax"}
    assert told["id_limits"] == {"ids": 17}


@pytest.mark.parametrize("made", ["saved_model", "subclassed"])
def test_what_cannot_be_told_is_left_out(made, case: Any):
    told = case(made)
    assert told["scaling"] == {}
    assert "activation" not in told["contract"]["outputs"][0]
    assert told["contract"]["inputs"][0]["shape"][0] == 1


def test_a_model_answers_pixels_that_are_scaled_in_several_ways(case: Any):
    assert max(case("answered")) < 1e-5
