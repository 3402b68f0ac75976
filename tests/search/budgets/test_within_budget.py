"""Files within a budget, of which a function of the test says how large and how slow they are."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.core.errors import BudgetNotReached
from edgekit.core.records import Contract
from edgekit.quantize.apart.counted_cost import flows
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.search.budgets.budget_files import Timed
from edgekit.search.budgets.budget_messages import BudgetRequest
from edgekit.search.budgets.isolated_noise import Noise
from edgekit.search.budgets.knapsack import Assignment, Costs, Knapsack
from edgekit.search.budgets.within_budget import Within
from tests.search.budgets.budget_models import DENSE, STATIC4, options

OPTIONS = options()
FLOWS = flows(tflite.read(DENSE))
NOISE = Noise(
    weights={i: {4: 0.01 * (i + 1), 8: 0.0001 * (i + 1)} for i in (0, 1, 2, 3, 5)},
    activations={flow.tensor: 0.0003 for flow in FLOWS},
)
# In integers the first takes longer, as it may; all others gain.
SECONDS = {one.op.index: (1.0,) * (len(one.forms) - 1) + (2.0,) for one in OPTIONS}
SECONDS[0] = (3.0, 2.0)
FLOAT_SECONDS = 12.0
OVERHEAD = 1000
EVERY = list(itertools.product(*(one.forms for one in OPTIONS)))


class Files:
    """In place of `BudgetFiles`: a file is its time as text, and as many bytes as it takes.

    Args:
        grows: Bytes more than the sum, by the number of floats.
        best_grows: Bytes that a file grows by once everything was chosen for it.
        costs: What times are reckoned by; those of files are always `SECONDS`.
    """

    def __init__(
        self,
        grows: Callable[[int], int] = lambda floats: 0,
        best_grows: int = 0,
        costs: Costs | None = None,
    ) -> None:
        self.knapsack = Knapsack(OPTIONS, NOISE, FLOWS, costs or Costs(seconds=SECONDS))
        self._grows, self._best_grows = grows, best_grows
        self.made = 0

    def plain(self, assignment: Assignment) -> bytes:
        self.made += 1
        floats = sum(form.how is None for form in assignment.forms.values())
        taken = sum(
            SECONDS[one.op.index][one.forms.index(assignment.forms[one.op.index])]
            for one in OPTIONS
        )
        size = OVERHEAD + int(assignment.size_bytes) + self._grows(floats)
        return f"{taken} ".encode().ljust(size)

    def best(self, assignment: Assignment) -> Prepared:
        content = self.plain(assignment)
        return Prepared(float_model=content.ljust(len(content) + self._best_grows))

    def content(self, prepared: Prepared) -> bytes:
        return prepared.float_model

    def times(self, contents: Sequence[bytes]) -> list[Timed]:
        return [
            Timed(to_float=float(one.split()[0]) / FLOAT_SECONDS, float_seconds=FLOAT_SECONDS)
            for one in contents
        ]


def request(**budget) -> BudgetRequest:
    path = Path("net.tflite")
    return BudgetRequest(
        float_file=path, original=path, file=path, name="net", recipe=STATIC4, calibration=path,
        contract=Contract(inputs=(), outputs=()), **budget,
    )  # fmt: skip


def searched(files: Files, **budget):
    within = Within(files, request(**budget), lambda line: None)
    return within.final(within.find())


def least() -> int:
    """The bytes of the smallest file that there is."""
    return len(Files().plain(Files().knapsack.smallest()))


@pytest.mark.parametrize("extra", [0, 100, 700, 3000, 9000])
def test_the_best_file_within_the_bytes_is_found(extra):
    to_bytes = least() + extra
    made = searched(Files(), to_bytes=to_bytes)
    assert len(made.content) <= to_bytes
    exact = Files().knapsack.solve(to_bytes - OVERHEAD)
    assert made.assignment.noise <= exact.noise * 1.001


@pytest.mark.parametrize("grows", [lambda floats: 90 * floats, lambda floats: -40 * floats])
def test_what_a_sum_overlooks_is_measured_and_made_up_for(grows):
    to_bytes = least() + 2500
    made = searched(Files(grows), to_bytes=to_bytes)
    assert len(made.content) <= to_bytes
    assert made.assignment.noise < Files().knapsack.smallest().noise / 2


def test_a_last_file_that_grew_is_made_anew_with_less():
    to_bytes = least() + 2500
    files = Files(best_grows=300)
    made = searched(files, to_bytes=to_bytes)
    assert to_bytes - 1500 < len(made.content) <= to_bytes


def test_bytes_that_no_file_has_are_refused_with_the_fewest_that_one_has():
    with pytest.raises(BudgetNotReached) as caught:
        searched(Files(), to_bytes=least() - 1)
    assert caught.value.exit_code == 1
    assert f"takes {least():,} B" in caught.value.received
    assert "nothing was written" in caught.value.hint
    assert len(searched(Files(), to_bytes=least()).content) == least()  # and can be had


def test_a_last_file_that_always_grows_is_refused_with_its_size():
    with pytest.raises(BudgetNotReached) as caught:
        searched(Files(best_grows=50), to_bytes=least())
    assert f"takes {least() + 50:,} B" in caught.value.received


def seconds(made) -> float:
    return float(made.content.split()[0])


@pytest.mark.parametrize("fraction", [0.6, 0.8, 0.95])
def test_the_least_noise_within_a_time_is_found(fraction):
    made = searched(Files(), to_latency=fraction)
    assert seconds(made) / FLOAT_SECONDS == made.to_float <= fraction
    exact = Files().knapsack.solve(None, fraction * FLOAT_SECONDS * 0.98)
    assert made.assignment.noise <= exact.noise * 1.001


def test_times_that_were_reckoned_wrong_are_measured_and_made_up_for():
    """Reckoned by, integers gain twice what they do."""
    wrong = {
        i: (taken[-1] - 2 * (taken[-1] - taken[0]), *taken[1:]) for i, taken in SECONDS.items()
    }
    made = searched(Files(costs=Costs(seconds=wrong)), to_latency=0.7)
    assert seconds(made) / FLOAT_SECONDS <= 0.7


def test_a_time_that_no_file_has_is_refused_with_the_shortest_that_was_found():
    fastest = (sum(min(taken) for taken in SECONDS.values())) / FLOAT_SECONDS
    with pytest.raises(BudgetNotReached) as caught:
        searched(Files(), to_latency=fastest - 0.01)
    assert caught.value.exit_code == 1
    assert f"takes {fastest:.3f} of it" in caught.value.received
    assert searched(Files(), to_latency=fastest * 1.03).to_float <= fastest * 1.03


def test_both_hold():
    made = searched(Files(), to_bytes=least() + 3000, to_latency=0.7)
    assert len(made.content) <= least() + 3000
    assert made.to_float <= 0.7
    with pytest.raises(BudgetNotReached):
        searched(Files(), to_bytes=least() - 1, to_latency=0.9)
