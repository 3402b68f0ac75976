"""Vectors of zeros stay zeros, whatever a kernel makes of the reciprocal root of 0."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.tflite import bounded_roots, interpreter
from tests.quantize.tiny_models import Network, random

SHAPE = (1, 6, 6, 4)
LARGEST = np.float32(1e6)


def normalized(net: Network, *, squares: bool = True, largest: np.ndarray = LARGEST) -> int:
    """The root's MINIMUM, of sums over the last axis."""
    square = net.op("MUL", [net.x, net.x], SHAPE, schema.MulOptionsT())
    options = schema.ReducerOptionsT()
    options.keepDims = True
    axis = net.constant(np.array([3], np.int32))
    total = net.op("SUM", [square if squares else net.x, axis], (1, 6, 6, 1), options)
    options = schema.MaximumMinimumOptionsT()
    return net.op(
        "MINIMUM", [net.unary("RSQRT", total), net.constant(largest)], (1, 6, 6, 1), options
    )


def scaled(net: Network, root: int) -> bytes:
    return net.finish(y=net.op("MUL", [net.x, root], SHAPE, schema.MulOptionsT()))


def test_vectors_of_zeros_stay_zeros_and_others_what_they_are():
    net = Network()
    model = tflite.read(scaled(net, normalized(net)))
    assert bounded_roots.bound(model) == 1
    assert [op.name for op in tflite.operators(model)][2:5] == ["MAXIMUM", "RSQRT", "MINIMUM"]
    x = random(8, 6, 6, 4)
    x[:, 2:4] = 0
    got = interpreter.run(tflite.read(tflite.to_bytes(model)), {"x": x})["y"]
    lengths = np.sqrt(np.square(x, dtype=np.float64).sum(-1, keepdims=True))
    wanted = x / np.maximum(lengths, 1e-6)
    assert np.abs(got.reshape(wanted.shape) - wanted).max() < 1e-6
    assert bounded_roots.bound(model) == 0  # once is enough


@pytest.mark.parametrize("why", ["no squares", "several numbers", "read elsewhere"])
def test_what_has_no_such_bound_stays(why: str):
    net = Network()
    largest = np.full((1, 6, 6, 1), 1e6, np.float32) if why == "several numbers" else LARGEST
    root = normalized(net, squares=why != "no squares", largest=largest)
    if why == "read elsewhere":
        net.unary("SQRT", root - 2)  # before the constant and the MINIMUM: the root itself
    model = tflite.read(scaled(net, root))
    assert bounded_roots.bound(model) == 0
