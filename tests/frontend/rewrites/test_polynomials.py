"""Horner's scheme."""

from __future__ import annotations

import numpy as np

from edgekit.frontend.rewrites.polynomials import polynomial


def test_the_highest_power_comes_first() -> None:
    x = np.asarray([-1.0, 0.0, 2.0])
    np.testing.assert_array_equal(polynomial(x, (3.0, -2.0, 5.0)), 3 * x**2 - 2 * x + 5)
