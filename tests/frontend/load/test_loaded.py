"""A loaded model: names, and samples that do not fit."""

from __future__ import annotations

from edgekit.frontend.load.loaded import unique


def test_unique_names_keep_what_was_unique():
    assert unique(["a", "b"]) == ("a", "b")
    assert unique(["a", "a", "a_1", "a"]) == ("a", "a_2", "a_1", "a_3")
    assert len(set(unique(["", "", "tensor"]))) == 3
