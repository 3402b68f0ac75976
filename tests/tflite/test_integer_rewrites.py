"""Operators without a good integer kernel: the same floats from others, and good integers."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.rewrite import engine
from edgekit.tflite import integer_rewrites, interpreter
from tests.quantize.tiny_models import Network, extremes, random

SHAPE = (1, 6, 6, 4)
SAMPLES = {"x": random(24, 6, 6, 4, scale=2)}
INT8 = recipes.get("static_wi8_ai8")


def sqnr(expected: np.ndarray, given: np.ndarray) -> float:
    error = np.square(np.float64(given) - expected).sum()
    return float(10 * np.log10(np.square(np.float64(expected)).sum() / max(error, 1e-300)))


def softplus(net: Network, x: int, one: float = 1.0) -> int:
    total = net.op("ADD", [net.unary("EXP", x), net.constant(np.float32(one))], SHAPE)
    return net.unary("LOG", total)


def names(content: bytes) -> list[str]:
    return [op.name for op in tflite.operators(tflite.read(content))]


def values(content: bytes, samples: dict[str, np.ndarray]) -> np.ndarray:
    return interpreter.run(tflite.read(content), samples)["y"]


TRUE = {
    "softplus": lambda x: np.logaddexp(0, x),
    "mish": lambda x: x * np.tanh(np.logaddexp(0, x)),
    "log_sigmoid": lambda x: -np.logaddexp(0, -x),
}


@pytest.mark.parametrize("name", sorted(TRUE))
def test_softplus_is_the_same_and_does_not_overflow(name: str):
    net = Network()
    x = net.unary("NEG", net.x) if name == "log_sigmoid" else net.x
    y = softplus(net, x)
    if name == "mish":
        y = net.op("MUL", [x, net.unary("TANH", y)], SHAPE)
    before = net.finish(y=net.unary("NEG", y) if name == "log_sigmoid" else y)
    after = integer_rewrites.rewritten(before)
    assert not {"EXP", "NEG"} & set(names(after))
    assert sqnr(values(before, SAMPLES), values(after, SAMPLES)) > 120
    for scale in (1, 60):
        wide = {"x": np.float32(scale) * SAMPLES["x"]}
        expected = TRUE[name](np.float64(wide["x"]))
        assert sqnr(expected.ravel(), values(after, wide).ravel()) > 120, scale


def test_softplus_in_integers_is_finite_and_near():
    net = Network()
    before = net.finish(y=softplus(net, net.x))
    made = {}
    for content in (before, integer_rewrites.rewritten(before)):
        file = engine.quantized(content, INT8, extremes(content, SAMPLES))
        tflite.set_versions(file)
        made[content == before] = sqnr(values(before, SAMPLES), interpreter.run(file, SAMPLES)["y"])
    assert made[False] > 36
    assert made[False] > made[True] + 6


def test_the_operators_stay_in_the_order_of_execution():
    net = Network()
    first = softplus(net, net.x)
    second = softplus(net, first)
    after = integer_rewrites.rewritten(net.finish(y=net.add(first, second)))
    known = {index for index in tflite.read(after).subgraphs[0].inputs}
    for op in tflite.operators(tflite.read(after)):
        assert all(t.is_constant or t.index in known for t in op.inputs), op.name
        known |= {tensor.index for tensor in op.outputs}
    assert names(after).count("LOGISTIC") == 2


def test_what_is_no_softplus_stays():
    net = Network()
    assert "EXP" in names(integer_rewrites.rewritten(net.finish(y=softplus(net, net.x, one=2.0))))
    net = Network()
    power = net.unary("EXP", net.x)
    total = net.op("ADD", [power, net.constant(np.float32(1))], SHAPE)
    content = net.finish(y=net.unary("LOG", total), power=power)
    assert integer_rewrites.rewritten(content) == content  # somebody else reads exp(x)


def test_negations_and_squares_become_products_of_the_same_floats():
    net = Network()
    content = net.finish(y=net.unary("NEG", net.unary("SQUARE", net.unary("NEG", net.x))))
    after = integer_rewrites.rewritten(content)
    assert names(after) == ["MUL", "MUL", "MUL"]
    assert (values(after, SAMPLES) == values(content, SAMPLES)).all()
    made = engine.quantized(after, INT8, extremes(after, SAMPLES))
    tflite.set_versions(made)
    assert sqnr(values(content, SAMPLES), interpreter.run(made, SAMPLES)["y"]) > 36
