"""Bits of the smallest and largest integers, of one and of four bytes."""

from __future__ import annotations

from typing import Any

from edgekit.frontend.rewrites import bits


def test_each_rule_is_exact(rewrites: Any) -> None:
    decibels = rewrites("bits")
    assert set(decibels) > set(bits.RULES)
    assert set(decibels.values()) == {300}
