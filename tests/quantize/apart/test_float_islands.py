"""Operators that XNNPACK takes in floats only are floats, where that saves much time."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.compat import litert
from edgekit.core import recipes
from edgekit.quantize.apart import counted_cost as counts
from edgekit.quantize.apart import float_islands
from edgekit.quantize.apart.counted_cost import counted_cost
from edgekit.quantize.rewrite import engine
from tests.quantize.tiny_models import Network, extremes, picture_net, random

RECIPE = recipes.get("static_wi8_ai8")
HOW = RECIPE.quantize
assert HOW is not None
WIDTH, LENGTH = 24, 16


def attention() -> bytes:
    """One head over a sequence: scores, softmax, their sum, and a residual."""
    net = Network(shape=(LENGTH, WIDTH))
    query, key, value = (net.dense(net.x, random(WIDTH, WIDTH), keep=True) for _ in range(3))
    options = litert.schema().BatchMatMulOptionsT
    square = (1, LENGTH, LENGTH)
    scores = net.op("BATCH_MATMUL", [query, key], square, options(adjY=True))
    weights = net.unary("SOFTMAX", scores)
    read = net.op("BATCH_MATMUL", [weights, value], (1, LENGTH, WIDTH), options())
    rooted = net.unary("RSQRT", net.unary("LOGISTIC", net.add(net.x, read)))
    return net.finish(y=net.dense(net.add(rooted, query), random(4, WIDTH), keep=True))


MODEL = tflite.read(attention())
NAMES = [op.name for op in tflite.main_operators(MODEL)]


def test_what_the_delegate_takes_in_floats_only_becomes_float() -> None:
    chosen = float_islands.find(MODEL, HOW, {})
    names = {NAMES[index] for index in chosen}
    assert {"BATCH_MATMUL", "SOFTMAX", "RSQRT"} <= names
    assert "FULLY_CONNECTED" not in names


def test_no_other_choice_costs_less(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(float_islands, "_PREFERRED", 1.0)
    chosen = float_islands.find(MODEL, HOW, {})
    free = [i for i, name in enumerate(NAMES) if name != "FULLY_CONNECTED"]
    assert len(free) <= 10
    costs = [
        counted_cost(MODEL, HOW, dict.fromkeys(some))
        for count in range(len(free) + 1)
        for some in combinations(free, count)
    ]
    assert counted_cost(MODEL, HOW, dict.fromkeys(chosen)) == pytest.approx(min(costs), rel=1e-6)


def drawn(rng: np.random.Generator) -> bytes:
    """A small graph of dense layers and of operators that are faster in either form."""
    net = Network(shape=(LENGTH, WIDTH))
    known = [net.x]
    for _ in range(9):
        x = known[rng.integers(len(known))]
        match rng.integers(4):
            case 0:
                known.append(net.dense(x, random(WIDTH, WIDTH), keep=True))
            case 1:
                known.append(net.add(x, known[rng.integers(len(known))]))
            case 2:
                known.append(net.unary("SOFTMAX", x))
            case _:
                known.append(net.unary("TANH", x))
    return net.finish(y=known[-1], z=known[-2])


@pytest.mark.parametrize("seed", range(12))
def test_no_choice_costs_less_where_casts_are_dear(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(float_islands, "_PREFERRED", 1.0)
    monkeypatch.setattr(float_islands, "_WORTH", 2.0)
    monkeypatch.setattr(counts, "_CAST_CALL", 70_000.0)
    model = tflite.read(drawn(np.random.default_rng(seed)))
    operators = tflite.main_operators(model)
    free = [op.index for op in operators if op.name != "FULLY_CONNECTED"]
    least = min(
        counted_cost(model, HOW, dict.fromkeys(some))
        for count in range(len(free) + 1)
        for some in combinations(free, count)
    )
    chosen = float_islands.find(model, HOW, {})
    if any(op.name == "SOFTMAX" for op in operators):  # else there is nothing to look for
        assert counted_cost(model, HOW, dict.fromkeys(chosen)) == pytest.approx(least, rel=1e-6)


def test_the_file_is_nearer_to_floats() -> None:
    samples = {"x": random(16, LENGTH, WIDTH)}
    content = attention()
    ranges = extremes(content, samples)
    islands = dict.fromkeys(float_islands.find(MODEL, HOW, {}))
    expected = tflite.interpreter.run(MODEL, samples)["y"]
    errors = []
    for exceptions in ({}, islands):
        made = engine.quantize(content, RECIPE, ranges, exceptions)
        outputs = tflite.interpreter.run(tflite.read(made), samples)["y"]
        errors.append(float(np.square(outputs - expected).sum()))
    assert errors[1] < errors[0]


def test_a_network_that_the_delegate_takes_stays_integers() -> None:
    assert float_islands.find(tflite.read(picture_net()), HOW, {}) == ()


def test_what_is_fixed_is_not_looked_at() -> None:
    fixed = {index: HOW for index, name in enumerate(NAMES) if name == "SOFTMAX"}
    assert not set(fixed) & set(float_islands.find(MODEL, HOW, fixed))


def test_integer_inputs_and_outputs_ask_for_integers_between() -> None:
    assert float_islands.find(MODEL, replace(HOW, io_dtype="int8"), {}) == ()


def test_int16_has_no_accelerated_kernels_anyway() -> None:
    int16 = recipes.get("static_wi8_ai16").quantize
    assert int16 is not None
    assert float_islands.find(MODEL, int16, {}) == ()
