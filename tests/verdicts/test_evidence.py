"""What every kind of evidence answers, and evidence without chance."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.verdicts.bootstrap import Bootstrapped
from edgekit.verdicts.evidence import LEVEL, Evidence, Exactly
from edgekit.verdicts.paired import Paired
from edgekit.verdicts.proportion import Proportion
from edgekit.verdicts.ratio import Ratio

VALUES = np.random.default_rng(0).normal(1.0, 0.5, 60)
KINDS = (
    Exactly(1.0),
    Paired(6, 2, 400),
    Proportion(successes=90, n=100),
    Bootstrapped.of(lambda rows: VALUES[rows].mean(axis=1), 60),
    Ratio((1.1, 1.0, 1.05, 0.98, 1.02)),
)


@pytest.mark.parametrize("evidence", KINDS, ids=lambda one: type(one).__name__)
def test_bounds_hold_the_value_and_agree_with_the_p_values(evidence: Evidence) -> None:
    assert evidence.low <= evidence.value <= evidence.high
    for limit in (evidence.low - 0.01, evidence.value + 1e-6, evidence.high + 0.01):
        assert (evidence.p_above(limit) <= 1 - LEVEL) == (limit < evidence.low)
        assert (evidence.p_below(limit) <= 1 - LEVEL) == (limit > evidence.high)
    assert bool(evidence.counted) == bool(evidence.n)


@pytest.mark.parametrize(
    ("value", "limit", "above"),
    [(105.0, 1.05 * 100, 1.0), (106.0, 105.0, 0.0), (104.0, 105.0, 1.0), (0.0, 1e-13, 1.0)],
)
def test_what_has_no_chance_is_above_its_limit_or_is_not(
    value: float, limit: float, above: float
) -> None:
    evidence = Exactly(value)
    assert (evidence.low, evidence.high) == (value, value)
    assert evidence.p_above(limit) == above
    assert evidence.p_below(limit) == 1 - above
    assert evidence.needed(limit) is None
