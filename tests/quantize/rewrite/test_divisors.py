"""Divisions by what integers would make 0 stay float; others do not."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.rewrite import check_applied, divisors, engine
from edgekit.tflite import interpreter
from tests.quantize.tiny_models import Network, extremes, random

SHAPE = (1, 6, 6, 4)
SAMPLES = {"x": random(16, 6, 6, 4)}
INT8 = recipes.get("static_wi8_ai8")


def share(net: Network, least: float) -> int:
    """`x / (x * x + least)`."""
    square = net.op("MUL", [net.x, net.x], SHAPE)
    total = net.op("ADD", [square, net.constant(np.float32(least))], SHAPE)
    return net.op("DIV", [net.x, total], SHAPE)


def floats(model: tflite.Model) -> list[str]:
    return [
        op.name
        for op in tflite.operators(model)
        if not op.facts.is_cast and any(t.dtype == "float32" for t in op.outputs)
    ]


@pytest.mark.parametrize(("least", "kept"), [(1e-2, ["ADD", "DIV"]), (2.0, [])])
def test_a_divisor_near_zero_is_not_rounded_to_it(least: float, kept: list[str]):
    net = Network()
    content = net.finish(y=share(net, least))
    model = tflite.read(content)
    made = engine.quantized(content, INT8, extremes(content, SAMPLES))
    tflite.set_versions(made)
    assert floats(made) == kept
    assert np.isfinite(interpreter.run(made, SAMPLES)["y"]).all()
    reasons = {one.reason for one in check_applied.check(model, made, INT8)}
    assert reasons == ({divisors.KEPT} if kept else set())


def test_a_divisor_with_weights_keeps_them_in_integers():
    net = Network("x", (8,))
    divisor = net.dense(net.x, random(8, 8))
    content = net.finish(y=net.op("DIV", [net.x, divisor], (1, 8)))
    ranges = extremes(content, {"x": random(16, 8)})
    model = tflite.read(content)
    assert divisors.kept(model, INT8.quantize, ranges) == {0: recipes.INT8_WEIGHTS, 1: None}
    assert divisors.kept(model, recipes.get("float16").quantize, ranges) == {}


def test_a_division_by_a_constant_is_none_of_them():
    net = Network()
    content = net.finish(y=net.op("DIV", [net.x, net.constant(np.float32(3))], SHAPE))
    model = tflite.read(content)
    assert divisors.involved(model) == frozenset()
    assert divisors.kept(model, INT8.quantize, extremes(content, SAMPLES)) == {}
