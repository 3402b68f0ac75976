"""Operators of TensorFlow that a model may hold: only those on the lists."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.convert


@pytest.fixture
def case(saved_case: Any) -> Any:
    return saved_case


def test_every_operator_that_no_list_has_is_refused_wherever_it_stands(case: Any):
    result = case("let_through")
    assert result["tried"] > 800
    assert result["wrong"] == []


def test_tensorflow_knows_every_operator_of_the_lists(case: Any):
    assert case("lists") == {"unknown": [], "twice": 0, "refused": []}
