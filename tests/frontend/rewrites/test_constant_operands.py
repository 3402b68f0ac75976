"""Sizes that layers compute from shapes."""

from __future__ import annotations

from typing import Any


def test_what_depends_on_shapes_alone_is_constant(rewrites: Any) -> None:
    assert rewrites("constants") == {
        "plain": 3.0,
        "of a shape": [0.5, 2.0],
        "clamped": 6,
        "half clamped": None,
        "of an open shape": None,
        "of values": None,
        "random": None,
    }
