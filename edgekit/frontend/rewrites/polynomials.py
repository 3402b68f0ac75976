"""Polynomials in a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def polynomial(x: Any, coefficients: Sequence[float]) -> Any:
    """By Horner's scheme; the coefficient of the highest power first."""
    value = coefficients[0] * x
    for coefficient in coefficients[1:-1]:
        value = (value + coefficient) * x
    return value + coefficients[-1]
