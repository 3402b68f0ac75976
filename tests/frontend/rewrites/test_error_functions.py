"""Error functions over their whole domains, near zero, and far out."""

from __future__ import annotations

from collections.abc import Callable

from edgekit.frontend.rewrites import error_functions


def test_each_rule_gives_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    outputs = proven("error_functions")
    assert {name.split(",")[0] for name in outputs} >= set(error_functions.RULES)


def test_infinities_and_what_is_no_number_stay(proven: Callable[[str], set[str]]) -> None:
    assert "Erf" in proven("far_out")
