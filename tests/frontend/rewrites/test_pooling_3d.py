"""Pooling of volumes, windows of unlike sizes and edges among them."""

from __future__ import annotations

from collections.abc import Callable


def test_maxima_and_averages_are_those_of_tensorflow(proven: Callable[[str], set[str]]) -> None:
    assert len(proven("pooling_3d")) == 8
