"""What kind of operation a layer is for its channels, and why some are left alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgekit.compress.prune.layer_kinds import last_axis

Do = Callable[..., Any]


@pytest.mark.convert
def test_kinds_and_reasons(surgery: Do) -> None:
    found = surgery("kinds")
    kinds = {name: kind for name, (kind, reason) in found.items() if reason is None}
    assert kinds == {
        "dense": "dense",
        "conv": "conv",
        "group each": "grouped",
        "relu": "elementwise",
        "relu layer": "depthwise",
        "add op": "merge",
    }
    reasons = {name: reason for name, (_, reason) in found.items() if reason is not None}
    assert reasons.pop("first").startswith("channels_first")
    assert reasons == {
        "own": "it is not one of Keras' own layers",
        "two groups": "a convolution of 2 groups",
        "glu": "its activation glu computes across channels",
        "softmax": "its activation softmax computes across channels",
        "own function": "edgekit does not know what its activation <lambda> does to channels",
        "lstm": "recurrent layers are left as they are",
        "layer norm": "it normalises across channels",
        "einsum": "edgekit does not know what it does to channels",
    }


@pytest.mark.convert
def test_constants_are_arrays_of_several_numbers(surgery: Do) -> None:
    assert surgery("held_constants") == [[0.0, 1.0, 2.0], [[1.0, 1.0]]]


@pytest.mark.parametrize(
    ("axis", "rank", "last"),
    [(-1, 4, True), (3, 4, True), (1, 4, False), (-3, 4, False), ((1, 2), 4, False),
     ((1, -1), 4, True), (None, 4, True)],
)  # fmt: skip
def test_whether_an_axis_is_the_last(axis: Any, rank: int, last: bool) -> None:
    assert last_axis(axis, rank) is last
