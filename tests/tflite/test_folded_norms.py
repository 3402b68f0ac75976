"""Batch normalization behind a ReLU, in the weights before it and the bias behind it."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.tflite import folded_norms, interpreter
from edgekit.tflite.signal import sqnr_db
from tests.quantize.tiny_models import NONE, RELU, RELU6, SAME, VALID, Network, random

SAMPLES = {"x": random(3, 6, 6, 4)}
FACTORS, SHIFTS = np.abs(random(8)) + 0.1, random(8, seed=1)


def norm(net: Network, y: int, factors: np.ndarray = FACTORS) -> int:
    shape = tuple(net._graph.tensors[y].shape)
    y = net.op("MUL", [y, net.constant(factors)], shape, schema.MulOptionsT())
    return net.op("ADD", [y, net.constant(SHIFTS)], shape, schema.AddOptionsT())


def network(
    *,
    activation: int = RELU,
    factors: np.ndarray = FACTORS,
    behind: str = "conv",
    padding: int = VALID,
    pool: bool = False,
    also_read: bool = False,
) -> bytes:
    """A convolution, a normalization, and a layer behind it."""
    net = Network()
    first = net.conv(net.x, random(8, 3, 3, 4, scale=0.3), random(8), activation=activation)
    y = norm(net, first, factors)
    side = 6
    if pool:
        options = schema.Pool2DOptionsT()
        options.filterHeight = options.filterWidth = options.strideH = options.strideW = 2
        options.padding = VALID
        y, side = net.op("MAX_POOL_2D", [y], (1, 3, 3, 8), options), 3
    if behind == "dense":
        size = side * side * 8
        y = net.op("RESHAPE", [y, net.constant(np.array([1, size], np.int32))], (1, size))
        y = net.dense(y, random(5, size, scale=0.1), random(5))
    elif behind == "depthwise":
        y = net.conv(y, random(1, 3, 3, 16), random(16), padding=padding, multiplier=2)
    else:
        y = net.conv(y, random(5, 3, 3, 8), random(5), padding=padding)
    return net.finish(y=y, **({"first": first} if also_read else {}))


def names(model: tflite.Model) -> list[str]:
    return [op.name for op in tflite.operators(model)]


def layers(model: tflite.Model) -> list[str]:
    kept = ("CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED")
    return [op.layer for op in tflite.operators(model) if op.name in kept]


BOTH_GO = {
    "convolution": network(),
    "no activation": network(activation=NONE),
    "depthwise": network(behind="depthwise"),
    "dense": network(behind="dense"),
    "pool": network(pool=True),
    "pool, dense": network(behind="dense", pool=True),
    "one factor for all": network(factors=np.float32([0.5])),
    "a channel without": network(factors=FACTORS * (np.arange(8) != 3)),
}


@pytest.mark.parametrize("content", BOTH_GO.values(), ids=BOTH_GO)
def test_a_normalization_goes_and_layers_keep_their_names(content: bytes) -> None:
    before, after = tflite.read(content), tflite.read(content)
    assert folded_norms.fold(after) == 2
    assert not {"MUL", "ADD"} & set(names(after))
    assert layers(after) == layers(before)
    expected = interpreter.run(before, SAMPLES)["y"]
    assert sqnr_db(expected, interpreter.run(after, SAMPLES)["y"]) > 110


STAYS = {
    "what pads wants the shift before": (network(padding=SAME), ["ADD"]),
    "a negative factor behind a ReLU": (network(factors=-FACTORS), ["MUL"]),
    "a bounded activation": (network(activation=RELU6), ["MUL"]),
    "read by others": (network(also_read=True), ["MUL"]),
}


@pytest.mark.parametrize(("content", "left"), STAYS.values(), ids=STAYS)
def test_what_would_not_be_equal_stays(content: bytes, left: list[str]) -> None:
    before, after = tflite.read(content), tflite.read(content)
    folded_norms.fold(after)
    assert [name for name in names(after) if name in left] == left
    expected, given = (interpreter.run(model, SAMPLES) for model in (before, after))
    for name, values in expected.items():
        assert sqnr_db(values, given[name]) > 110


@pytest.mark.parametrize("shared", ["bias", "weights"])
def test_what_others_read_stays_as_it_is_for_those(shared: str) -> None:
    """Biases of zeros, which TensorFlow's converter stores once, become two; weights do not."""
    net = Network()
    first = net.conv(net.x, random(8, 3, 3, 4, scale=0.3), random(8), activation=RELU)
    second = net.conv(net.x, random(8, 3, 3, 4, seed=1), random(8, seed=1))
    place = ("weights", "bias").index(shared) + 1
    one, other = net._graph.operators
    other.inputs = [*other.inputs[:place], one.inputs[place], *other.inputs[place + 1 :]]
    scaled = net.op("MUL", [first, net.constant(FACTORS)], (1, 6, 6, 8), schema.MulOptionsT())
    before = tflite.read(net.finish(y=net.add(scaled, second)))
    after = tflite.read(tflite.to_bytes(before))
    assert folded_norms.fold(after) == (1 if shared == "bias" else 0)
    expected, given = (interpreter.run(model, SAMPLES)["y"] for model in (before, after))
    assert sqnr_db(expected, given) > 110


def test_scaled_inputs_stay() -> None:
    """Columns of unlike size have one scale in integers: who scales them does it in floats."""
    net = Network()
    y = net.op("ADD", [net.x, net.constant(random(4))], (1, 6, 6, 4), schema.AddOptionsT())
    model = tflite.read(net.finish(y=net.conv(y, random(5, 3, 3, 4), random(5), padding=VALID)))
    assert folded_norms.fold(model) == 0
