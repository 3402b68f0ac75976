"""Convolutions that can be trained through, against TensorFlow's own."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.convert


def test_kernels_are_turned_into_tensorflows_order(ask: Any) -> None:
    assert ask("kernels") == {
        "CONV_2D": [[2, 3, 4, 5], True],
        "DEPTHWISE_CONV_2D": [[2, 3, 5], True],
        "TRANSPOSE_CONV": [[2, 3, 5, 4], True],
        "FULLY_CONNECTED": [[4, 5], True],
    }


def test_dilated_grouped_and_strided_ones_compute_the_same_and_have_gradients(ask: Any) -> None:
    found = ask("linear")
    assert len(found) == 14
    for name, (difference, has_gradient) in found.items():
        assert difference < 1e-4, name
        assert has_gradient, name
