"""The models that are trained, and what is different only as long as they are."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.convert


def test_inputs_and_outputs_get_names_and_layers_stay_the_same(case: Any) -> None:
    found = case("by_name")
    assert found == {"names": ["output_0", "output_1"], "same": [True, True], "shared": 0}


def test_what_changes_for_a_training_is_as_it_was_afterwards(case: Any) -> None:
    found = case("while_training")
    assert found["momentum"] == 0.9 and found["momentum after"] == 0.99
    assert found["momentum lower already"] == 0.5
    assert found["norm"] == [False, False]
    assert found["after"] and found["after an error"]
