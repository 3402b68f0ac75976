"""Counts, bounds, cumulative products and diagonals, in every form that TensorFlow has."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.frontend.rewrites import counting

# Forms of another version, and of one axis alone.
_LIKE_OTHERS = {"Bincount", "MatrixDiagPartV2"}


def test_each_rule_gives_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    outputs = {name.split(",")[0] for name in proven("counting")}
    assert outputs == set(counting.RULES) - _LIKE_OTHERS
