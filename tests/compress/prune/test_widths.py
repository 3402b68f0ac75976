"""How many channels each group keeps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.compress.prune import widths
from edgekit.compress.prune.channel_groups import Group
from edgekit.compress.prune.costs import Costs, _Term
from edgekit.compress.prune.importance import Ranking
from edgekit.core.errors import UsageError
from edgekit.core.records import Pruning


def two_groups() -> tuple[tuple[Group, ...], Costs, dict[str, Ranking]]:
    """Two groups of 64 channels with as many MACs; losing the second's costs 100 times less."""
    atoms = np.arange(128)
    groups = tuple(
        Group(name=name, atoms=part, producers=(name,), coupled=False)
        for name, part in (("one", atoms[:64]), ("two", atoms[64:]))
    )
    terms = tuple(
        _Term(layer=g.name, factor=10, into=None, out=g.atoms) for g in groups
    )  # fmt: skip
    costs = Costs(everything=np.ones(128, bool), open_sizes=False, _macs=terms, _weights=terms)
    rise = np.arange(1.0, 65.0) ** 2
    rankings = {
        "one": Ranking(order=np.arange(64), cost=100 * rise),
        "two": Ranking(order=np.arange(64), cost=rise),
    }
    return groups, costs, rankings


@given(st.integers(1, 2000), st.floats(0.001, 0.999), st.sampled_from([1, 4, 8, 16, 32]))
def test_widths_are_multiples_never_coarser_than_a_quarter(
    channels: int, sparsity: float, round_to: int
) -> None:
    step = widths.step(channels, round_to)
    width = widths.width(channels, sparsity, round_to)
    assert step == 1 or 4 * step <= channels
    assert step <= width <= channels
    assert width % step == 0 or width == channels
    assert abs(width - (1 - sparsity) * channels) <= max(step, channels % step)


def test_a_target_of_macs_is_reached_with_the_least_sparsity() -> None:
    groups, costs, rankings = two_groups()
    aim = widths.Target(kind="to_macs", value=0.75)
    assert widths.uniform(groups, rankings, costs, aim, 16) == {"one": 48, "two": 48}
    aim = widths.Target(kind="to_macs", value=0.74)
    assert widths.uniform(groups, rankings, costs, aim, 16) == {"one": 32, "two": 32}


def test_allotting_takes_where_least_is_lost() -> None:
    groups, costs, rankings = two_groups()
    aim = widths.Target(kind="to_macs", value=0.75)
    found = widths.allotted(groups, rankings, costs, aim, 16)
    assert found == {"one": 64, "two": 32}
    mask = widths.mask(costs, groups, rankings, found)
    assert costs.macs(mask) == 960
    assert mask.tolist() == [True] * 64 + [False] * 32 + [True] * 32


def test_a_target_out_of_reach_says_how_far_it_gets() -> None:
    groups, costs, rankings = two_groups()
    aim = widths.Target(kind="to_size", value=0.1)
    with pytest.raises(UsageError, match="hold enough to reach the target") as error:
        widths.uniform(groups, rankings, costs, aim, 16)
    assert "0.25 is left" in str(error.value)


@pytest.mark.parametrize(
    ("pruning", "words"),
    [
        (Pruning(), "none of them"),
        (Pruning(sparsity=0.5, to_macs=0.5), "sparsity and to_macs"),
        (Pruning(to_latency=0.5), "to_latency 0.5"),
        (Pruning(sparsity=1.0), "received: 1"),
        (Pruning(sparsity=30), "write 0.3 for 30 percent"),
        (Pruning(sparsity=float("nan")), "received: nan"),
        (Pruning(to_size=0.0), "received: 0"),
        (Pruning(sparsity=0.5, pattern="2:4"), "pattern 2:4"),
        (Pruning(sparsity=0.5, round_to=0), "received: 0"),
    ],
)
def test_targets_that_make_no_sense_are_refused(pruning: Pruning, words: str) -> None:
    with pytest.raises(UsageError) as error:
        widths.target(pruning)
    assert words.lower() in str(error.value).lower()
