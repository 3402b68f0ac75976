"""Images through a transform that leaves the image in places."""

from __future__ import annotations

from collections.abc import Callable


def test_both_interpolations_give_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    assert len(proven("projective_transforms")) == 4
