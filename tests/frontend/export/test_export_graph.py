"""Recurrent layers of a traced graph: lists of known sizes, and no composites."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.convert


def test_a_loop_keeps_its_outputs_and_their_names(frontend: Any) -> None:
    found = frontend("settled")
    assert found["plain"]  # without loops it is the very same function
    assert found["names"] == ["a", "b"]
    assert found["same"] < 1e-5
    assert found["variables"] == 0 and found["lists"] > 0
    assert found["frozen"] == [1, 2, False]


def test_keras_2_traces_each_lstm_once(frontend: Any) -> None:
    assert frontend("gpu_kernels") == [True, False]
