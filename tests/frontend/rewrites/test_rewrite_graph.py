"""Where in a graph operators are rewritten, and where they are left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_operators_within_loops_and_branches_are_rewritten(
    proven: Callable[[str], set[str]],
) -> None:
    assert proven("loops") == {"While", "If"}


def test_what_needs_no_rewrite_or_has_none_that_holds_is_left(rewrites: Any) -> None:
    rewritten = rewrites("untouched")
    assert [name for name, done in rewritten.items() if done] == ["an open size, each value apart"]
