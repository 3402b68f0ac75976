"""Layers that wait for each other are refused before Keras 2 waits with them."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import ModelError
from edgekit.frontend.trust.config_graph import check_order
from tests.frontend.trust.configs import Config


def functional(**inputs: list[tuple[str, int]]) -> Config:
    layers = [
        {
            "class_name": "Dense" if calls else "InputLayer",
            "name": name,
            "inbound_nodes": [[[other, node, 0, {}]] for other, node in calls],
        }
        for name, calls in inputs.items()
    ]
    return {"class_name": "Functional", "config": {"layers": layers}}


@given(st.integers(1, 12), st.randoms(use_true_random=False))
def test_layers_in_any_order_are_built_unless_they_wait_in_a_circle(
    count: int, chance: random.Random
):
    inputs: dict[str, list[tuple[str, int]]] = {"l0": []}
    for i in range(1, count + 1):
        inputs[f"l{i}"] = [(f"l{chance.randrange(i)}", 0)]
    names = list(inputs)
    chance.shuffle(names)
    check_order(functional(**{name: inputs[name] for name in names}))
    last = f"l{count}"
    with pytest.raises(ModelError, match="waits for"):
        check_order(functional(**inputs, loop=[("loop", 0)]))
    with pytest.raises(ModelError, match="waits for call 1"):
        check_order(functional(**inputs, more=[(last, 1)]))
    with pytest.raises(ModelError, match="waits for"):
        check_order(functional(**inputs, a=[("b", 0)], b=[("a", 0)]))


def test_layers_that_are_called_twice_wait_for_the_right_call():
    check_order(functional(x=[], a=[("x", 0), ("b", 0)], b=[("a", 0)], c=[("a", 1)]))
    with pytest.raises(ModelError, match="'a' waits for call 0 of 'b'"):
        check_order(functional(x=[], a=[("b", 0), ("x", 0)], b=[("a", 0)]))
