"""What is used of tf_keras beside its documented names: there, and the fast way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytestmark = pytest.mark.convert

Case = Callable[..., Any]


def test_safe_mode_refuses_code_outside_of_keras_files(case: Case):
    assert case("safe") == {"fallbacks": {}, "safe": "refused", "unsafe": "loaded"}


def test_use_plain_recurrence_reaches_every_lstm_and_gru(case: Case):
    done = case("recurrence", gone=False)
    assert done.pop("restored") == [True] * 3  # by as_it_recurred
    assert done == {"fallbacks": {}, "before": [True] * 3, "after": [False] * 3}
    assert list(case("recurrence", gone=True)["fallbacks"]) == ["use_plain_recurrence"]


def test_own_weights_are_without_those_within(case: Case):
    found = case("own_weights")
    assert found["trainable"] == 0
    assert found["others"] == ["more:0"]
    assert found["kernels"] == [[5, 2, 3]] * 3 + [[2, 3, 5]]


def test_metric_globals_are_where_tf_keras_looks_metrics_up(case: Case):
    assert case("metrics") == {"fallbacks": {}, "same": True, "mean": True}


def test_layer_descriptions_of_a_saved_model(case: Case):
    done = case("descriptions")
    assert {"_tf_keras_layer", "_tf_keras_sequential"} <= set(done["kinds"])
    assert done["dense"]


def test_network_is_the_calls_in_order(case: Case):
    assert case("network") == {
        "fallbacks": {},
        "calls": ["shared", "shared", "sum"],
        "reads": [1, 1, 2],
        "uses": [1, 2, 1],
        "given": [True],
        "mapped": 1,
        "code": None,
    }
