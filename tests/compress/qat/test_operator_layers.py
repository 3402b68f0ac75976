"""Ranges of activations: what is rounded, what learns, and what stays when frozen."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.convert


@pytest.fixture(scope="module")
def found(ask: Any) -> dict[str, Any]:
    return ask("ranges")


@pytest.mark.parametrize("bits", [8, 16])
def test_values_are_rounded_to_the_grid_and_beyond_it_the_ends_learn(
    found: dict[str, Any], bits: int
) -> None:
    cast, plain, (outside, inside), end_learns = found[f"{bits} bits"]
    assert cast < 0.01
    assert plain <= 1.01  # halves are rounded up in place of to even
    assert (outside, inside) == (0.0, 1.0)
    assert end_learns


@pytest.mark.parametrize("bits", [8, 16])
def test_a_range_moves_by_its_logarithm_until_it_is_frozen(
    found: dict[str, Any], bits: int
) -> None:
    factor, is_of_its_range, stays = found[f"{bits} bits moved"]
    assert factor == pytest.approx(2.718281828**0.5, rel=1e-6)
    assert is_of_its_range and stays


def test_a_fixed_grid_learns_nothing(found: dict[str, Any]) -> None:
    assert found["fixed"] == [0, True]
