"""Trigonometric and hyperbolic functions over their domains, near zero, and outside."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.frontend.rewrites import elementary_functions


def test_each_rule_gives_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    assert proven("elementary") == set(elementary_functions.RULES)
