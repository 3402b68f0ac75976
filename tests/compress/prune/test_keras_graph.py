"""The calls that Keras keeps of a model, in order and with their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.convert

Do = Callable[..., Any]


def test_only_models_that_are_their_graph_can_be_walked(surgery: Do) -> None:
    assert surgery("walkable") == {
        "functional": True,
        "sequential": True,
        "not built": False,
        "subclassed": False,
        "own call": False,
        "layer": False,
    }


def test_calls_come_after_what_they_read_and_in_inference_mode(surgery: Do) -> None:
    found = surgery("call_order")
    assert found["order"] == ["shared", "shared", "late"]
    assert found["filled"] == [[5.0, 2.0], []]
    assert found["difference"] == 3.0
    assert found["dropout"] == [[2.0, 2.0, 2.0]]
