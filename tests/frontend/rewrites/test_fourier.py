"""Fourier transforms of lengths that are no power of two, and of complex values."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.frontend.rewrites import fourier


def test_each_transform_gives_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    outputs = {name.split(",")[0] for name in proven("fourier")}
    assert outputs == set(fourier.RULES) | {"frames"}
