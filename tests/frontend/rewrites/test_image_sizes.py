"""Resizing up and down, with every kernel."""

from __future__ import annotations

from collections.abc import Callable


def test_each_kernel_gives_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    assert len(proven("image_sizes")) == 6
