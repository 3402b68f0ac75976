"""The table of rules, and GELU, which the converter has one operator for."""

from __future__ import annotations

from typing import Any

from edgekit.frontend.rewrites import rewrite_rules
from edgekit.frontend.trust import allowed_operators

# Of SavedModels nobody trusts it yet, but a Keras model may hold it.
_UNLISTED: set[str] = set()


def test_rules_are_for_operators_that_tflite_lacks() -> None:
    # Two it has; not all that they can be asked for.
    lacking = allowed_operators.TENSORFLOW_ONLY | {"Conv2DBackpropInput", "StridedSlice"}
    assert rewrite_rules.RULES.keys() - lacking == _UNLISTED


def test_gelu_stays_whole_and_its_parts_elsewhere_do_not(rewrites: Any) -> None:
    found = rewrites("gelu")
    assert found["kept"] == [True, True, False]
    assert min(*found["beside"].values(), *found["apart"].values()) > 80
