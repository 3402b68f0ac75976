"""Colours, gray ones and black among them."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.frontend.rewrites import image_colors


def test_each_rule_gives_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    outputs = proven("image_colors")
    assert {name.split(",")[0] for name in outputs} >= set(image_colors.RULES)
