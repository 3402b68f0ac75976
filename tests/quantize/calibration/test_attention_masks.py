"""Masks of attention: the scores keep their range, and what is hidden stays hidden."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.calibration import attention_masks
from edgekit.quantize.rewrite import engine
from edgekit.tflite import interpreter
from tests.quantize.tiny_models import Network, extremes, random

SHAPE = (1, 8, 8)
SAMPLES = {"x": random(24, 8, 8, scale=2)}
HIDDEN = np.triu(np.ones((1, 8, 8), np.float32), 1)
INT8 = recipes.get("static_wi8_ai8")


def added(net: Network) -> int:
    """A constant that is added: BERT's and Keras' adder, folded."""
    return net.op("ADD", [net.x, net.constant(HIDDEN * np.float32(-1e9))], SHAPE)


def computed(net: Network) -> int:
    """An adder that is computed from a mask."""
    zero = net.op("MUL", [net.x, net.constant(np.float32(0))], SHAPE)
    mask = net.op("ADD", [zero, net.constant(HIDDEN)], SHAPE)
    adder = net.op("MUL", [mask, net.constant(np.float32(-10000))], SHAPE)
    return net.op("ADD", [net.x, adder], SHAPE)


def chosen(net: Network) -> int:
    """The largest negative number in place of scores: Keras 3."""
    zero = net.constant(np.float32(0))
    shown = net.op("GREATER", [net.constant(1 - HIDDEN), zero], SHAPE, None, schema.TensorType.BOOL)
    number = net.constant(np.float32(-3.4028235e38))
    return net.op("SELECT_V2", [shown, net.x, number], SHAPE)


def softmax(net: Network, scores: int) -> bytes:
    return net.finish(y=net.unary("SOFTMAX", scores))


def sqnr(expected: np.ndarray, given: np.ndarray) -> float:
    return float(10 * np.log10(np.square(expected).sum() / np.square(given - expected).sum()))


@pytest.mark.parametrize("build", [added, computed, chosen])
def test_masks_lie_below_the_scores_and_hide_as_much(build: Callable[[Network], int]):
    net = Network(shape=(8, 8))
    content = softmax(net, build(net))
    model = tflite.read(content)
    expected = interpreter.run(model, SAMPLES)["y"]
    limited = attention_masks.limited(model, SAMPLES)
    assert limited is not model
    assert [op.name for op in tflite.operators(limited)] == [
        op.name for op in tflite.operators(model)
    ]
    assert sqnr(expected, interpreter.run(limited, SAMPLES)["y"]) > 50
    files = []
    for one in (model, limited):
        content = tflite.to_bytes(one)
        file = engine.quantized(content, INT8, extremes(content, SAMPLES))
        tflite.set_versions(file)
        files.append(sqnr(expected, interpreter.run(file, SAMPLES)["y"]))
    assert files[1] > 25
    assert files[1] > files[0] + 10


def test_a_mask_that_layers_share_lies_below_the_scores_of_each():
    net = Network(shape=(8, 8))
    zero = net.op("MUL", [net.x, net.constant(np.float32(0))], SHAPE)
    mask = net.op("ADD", [zero, net.constant(HIDDEN)], SHAPE)
    adder = net.op("MUL", [mask, net.constant(np.float32(-10000))], SHAPE)
    wide = net.op("MUL", [net.x, net.constant(np.float32(8))], SHAPE)
    first, second = (
        net.unary("SOFTMAX", net.op("ADD", [scores, adder], SHAPE)) for scores in (wide, net.x)
    )
    model = tflite.read(net.finish(y=first, z=second))
    limited = attention_masks.limited(model, SAMPLES)
    names = [tensor.name for tensor in tflite.tensors(limited, 0)]
    assert len(names) == len(set(names))
    expected, given = interpreter.run(model, SAMPLES), interpreter.run(limited, SAMPLES)
    for name in "yz":
        np.testing.assert_allclose(given[name], expected[name], atol=3e-3)


def test_a_factor_of_scores_is_no_mask():
    net = Network(shape=(8, 8))
    factor = net.constant(np.float32(20_000))
    model = tflite.read(softmax(net, net.op("MUL", [net.x, factor], SHAPE)))
    assert attention_masks.limited(model, SAMPLES) is model


def test_a_huge_constant_elsewhere_is_no_mask():
    net = Network(shape=(8, 8))
    y = net.op("ADD", [net.unary("SOFTMAX", net.x), net.constant(np.float32(-1e9))], SHAPE)
    model = tflite.read(net.finish(y=y))
    assert attention_masks.limited(model, SAMPLES) is model
