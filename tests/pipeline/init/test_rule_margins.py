"""Rules that samples can decide, as text that reads as those rules."""

from __future__ import annotations

import pytest

from edgekit.pipeline.init import rule_margins
from edgekit.verdicts.paired import samples_needed


@pytest.mark.parametrize("count", [1, 60, 500, 2000, 10_000, 100_000])
def test_the_margin_is_the_smallest_that_the_samples_decide(count):
    made = rule_margins.margin(count, 0.02)
    fine = [m for m in (0.005, 0.01, 0.02, 0.05) if samples_needed(0.02, m) <= count]
    assert made.max_loss == (fine[0] if fine else 0.05)
    assert f"{count:,} samples" in made.says
    assert ("seldom" in made.says) == (not fine)
