"""The best precisions, held against all of them."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit import tflite
from edgekit.quantize.apart.counted_cost import flows
from edgekit.search.budgets.isolated_noise import Noise
from edgekit.search.budgets.knapsack import Costs, Knapsack
from edgekit.search.budgets.precision_forms import CAST_BYTES
from tests.search.budgets.budget_models import DENSE, options

OPTIONS = options()
FLOWS = flows(tflite.read(DENSE))
FREE = [one.op.index for one in OPTIONS]
CAST_SECONDS = 0.25


def totals(forms: tuple, noise: Noise, costs: Costs) -> tuple[float, float, float]:
    """Noise, bytes and seconds of a choice, summed as one would by hand."""
    by_index = dict(zip(FREE, forms, strict=True))
    total = sum(noise.weights.get(i, {}).get(f.weight_bits, 0.0) for i, f in by_index.items())
    size = float(sum(form.size_bytes for form in forms))
    seconds = sum(
        costs.seconds[one.op.index][one.forms.index(form)]
        for one, form in zip(OPTIONS, forms, strict=True)
        if one.op.index in costs.seconds
    )
    for flow in FLOWS:
        ends = [
            index in by_index and by_index[index].is_integer
            for index in (flow.maker, *flow.readers)
        ]
        total += noise.activations.get(flow.tensor, 0.0) * any(ends)
        if len(set(ends)) > 1:
            size, seconds = size + CAST_BYTES, seconds + CAST_SECONDS
    return total, size, seconds


EVERY = list(itertools.product(*(one.forms for one in OPTIONS)))
NOISES = st.floats(1e-5, 1.0)


@st.composite
def problems(draw) -> tuple[Noise, Costs]:
    weights = {
        one.op.index: {f.weight_bits: draw(NOISES) for f in one.forms if f.how is not None}
        for one in OPTIONS
    }
    noise = Noise(weights=weights, activations={flow.tensor: draw(NOISES) for flow in FLOWS})
    times = st.floats(0.1, 3.0)
    seconds = {one.op.index: tuple(draw(times) for _ in one.forms) for one in OPTIONS}
    return noise, Costs(seconds=seconds, cast_seconds=lambda size: CAST_SECONDS)


@settings(max_examples=15)
@given(problems(), st.floats(0.0, 1.0), st.floats(0.0, 1.0))
def test_nothing_within_both_limits_has_less_noise(problem, large, slow):
    noise, costs = problem
    everything = [totals(forms, noise, costs) for forms in EVERY]
    sizes, times = ([row[i] for row in everything] for i in (1, 2))
    most = min(sizes) + large * (max(sizes) - min(sizes)) + 1e-6
    longest = min(times) + slow * (max(times) - min(times)) + 1e-6
    within = [row[0] for row in everything if row[1] <= most and row[2] <= longest]
    found = Knapsack(OPTIONS, noise, FLOWS, costs).solve(most, longest)
    if not within:
        assert found is None
        return
    assert found is not None
    value, size, seconds = totals(tuple(found.forms.values()), noise, costs)
    assert (value, size, seconds) == pytest.approx(
        (found.noise, found.size_bytes, found.seconds), rel=1e-6
    )
    assert size <= most * (1 + 1e-6)
    assert seconds <= longest * (1 + 1e-6)
    assert value <= min(within) * 1.002 + 1e-6


@settings(max_examples=5)
@given(problems())
def test_the_smallest_and_the_fastest(problem):
    noise, costs = problem
    everything = [totals(forms, noise, costs) for forms in EVERY]
    sums = Knapsack(OPTIONS, noise, FLOWS, costs)
    assert sums.smallest().size_bytes == pytest.approx(min(row[1] for row in everything))
    assert sums.fastest().seconds == pytest.approx(min(row[2] for row in everything), rel=1e-3)
    assert sums.solve(max_bytes=1.0) is None
    low, high = sums.range_of_seconds()
    assert low <= high
    assert sums.range_of_bytes(1.1)[0] == sums.smallest().size_bytes
    assert sums.range_of_bytes(1.1, sums.fastest().seconds / 2) is None


@pytest.mark.parametrize(("seconds", "bits"), [((1.0, 9.0), 8), ((9.0, 1.0), 32)])
def test_time_that_costs_nothing_is_saved(seconds, bits):
    """A mean has no weights: where its noise is nothing, the faster form is taken unasked."""
    costs = Costs(seconds={4: seconds})
    noise = Noise(weights={one: {4: 0.1, 8: 0.01} for one in (0, 1, 2, 3, 5)})
    found = Knapsack(OPTIONS, noise, FLOWS, costs).solve(max_bytes=14_000)
    assert found.forms[4].weight_bits == bits


def test_noise_that_is_infinite_is_avoided():
    noise = Noise(weights={0: {8: float("inf")}, 1: {8: 0.01}, 2: {4: 0.1, 8: 0.01}})
    found = Knapsack(OPTIONS, noise, FLOWS, Costs()).solve(max_bytes=14_000)
    assert found.forms[0].weight_bits == 32
