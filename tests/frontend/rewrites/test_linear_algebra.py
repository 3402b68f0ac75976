"""Linear algebra of matrices whose largest entries are not on the diagonal."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.frontend.rewrites import linear_algebra


def test_each_rule_gives_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    outputs = {name.split(",")[0] for name in proven("linear_algebra")}
    assert outputs == set(linear_algebra.RULES) | {"sign", "adjoint"}
