"""What roundings do by themselves, held against files in which only that is rounded."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.data.samples import Samples
from edgekit.quantize.diagnose import scores
from edgekit.quantize.rewrite import engine
from edgekit.quantize.weights.refine import Method, refine
from edgekit.search.budgets import isolated_noise
from edgekit.search.budgets.isolated_noise import Noise
from tests.search.budgets.budget_models import (
    DENSE,
    DYNAMIC4,
    INPUTS,
    STATIC4,
    WEIGHTS4,
    options,
    prepared,
)

SAMPLES = Samples(inputs=INPUTS)


def measured(recipe=STATIC4) -> Noise:
    ranges = prepared().ranges if recipe is STATIC4 else None
    return isolated_noise.measure(DENSE, SAMPLES, ranges, options(recipe), lambda line: None)


@pytest.fixture(scope="module")
def static() -> Noise:
    return measured()


def test_what_is_rounded_more_coarsely_is_noisier(static):
    assert sorted(static.weights) == [0, 1, 2, 3, 5]
    for index in (2, 3, 5):
        assert 30 < static.weights[index][4] / static.weights[index][8] < 3000
    assert 4 not in static.weights  # no weights
    assert all(0 < noise < 0.01 for noise in static.activations.values())


def file_noise(recipe, ranges=None, exceptions=None) -> float:
    """What a file has whose weights are chosen as those of files that are written."""
    model = tflite.read(DENSE)
    quantized = engine.quantized(DENSE, recipe, ranges, exceptions or {})
    refine(model, quantized, INPUTS, Method())
    expected, got = (scores.outputs(m, INPUTS)["y"] for m in (model, quantized))
    return float(np.square(got - expected).sum() / np.square(expected).sum())


def test_what_a_file_with_one_layer_in_integers_has_is_the_sum_of_its_parts(static):
    """The last dense layer's weights, and the activations that it takes and gives."""
    last = tflite.main_operators(tflite.read(DENSE))[5]
    ends = (last.activations[0].index, last.outputs[0].index)
    total = static.weights[5][4] + sum(static.activations[index] for index in ends)
    whole = file_noise(STATIC4, prepared().ranges, dict.fromkeys(range(5)))
    assert whole / 1.5 < total < whole * 1.5


def test_noises_of_weights_add_up_to_that_of_a_file_with_all_of_them():
    found = measured(WEIGHTS4)
    assert found.activations == {}
    total = sum(by_bits[min(by_bits)] for by_bits in found.weights.values())
    whole = file_noise(WEIGHTS4)
    assert whole / 2 < total < whole * 2


def test_ranges_taken_while_running_are_part_of_a_dynamic_operators_noise():
    dynamic, weights = measured(DYNAMIC4).weights, measured(WEIGHTS4).weights
    assert dynamic[5][8] > weights[5][8]


def test_the_same_seed_gives_the_same(static):
    assert measured() == static
