"""Patches of images, and transposed convolutions with gaps."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.frontend.rewrites import windows


def test_each_rule_gives_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    outputs = proven("windows")
    assert {name.split(",")[0] for name in outputs} >= set(windows.RULES)
