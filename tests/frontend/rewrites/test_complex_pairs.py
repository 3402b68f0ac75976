"""Complex arithmetic on pairs of floats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def test_arithmetic_and_moves_give_what_tensorflow_does(proven: Callable[[str], set[str]]) -> None:
    assert proven("complex_pairs") >= {"product", "quotient", "angle", "moved"}


def test_a_spectrum_that_tflite_has_operators_for_is_left_to_it(rewrites: Any) -> None:
    assert rewrites("builtin_complex") == ["ComplexAbs", "RFFT"]
