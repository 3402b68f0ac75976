"""The file has the names and the order that the model has, whatever order TensorFlow takes."""

from __future__ import annotations

from typing import Any


def test_inputs_and_outputs_are_bound_by_their_own_names(frontend: Any):
    found = frontend("bound_names")
    assert found["inputs"] == ["a-second", "b first"] and found["outputs"] == ["a", "same", "z"]
    assert max(found["differences"].values()) < 1e-6
