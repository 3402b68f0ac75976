"""Slices that add axes to tensors of open sizes."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.frontend.rewrites import new_axes


def test_each_rule_gives_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    outputs = proven("new_axes")
    assert {name.split(",")[0] for name in outputs} >= set(new_axes.RULES)
