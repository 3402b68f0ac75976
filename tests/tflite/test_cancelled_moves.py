"""Transposes and shapes that others undo: the same values, with fewer operators."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from edgekit import tflite
from edgekit.tflite import cancelled_moves, interpreter
from tests.quantize.tiny_models import Network, random

SAMPLES = {"x": random(3, 4, 5, 6)}
Build = Callable[[Network], int]


def network(build: Build) -> bytes:
    net = Network(shape=(4, 5, 6))
    return net.finish(y=build(net))


def transposed(net: Network, x: int, *order: int) -> int:
    shape = tuple(int(net._graph.tensors[x].shape[axis]) for axis in order)
    return net.op("TRANSPOSE", [x, net.constant(np.array(order, np.int32))], shape)


def reshaped(net: Network, x: int, *shape: int) -> int:
    return net.op("RESHAPE", [x, net.constant(np.array(shape, np.int32))], shape)


def there_and_back(net: Network) -> int:
    y = transposed(net, net.x, 0, 3, 1, 2)
    return net.unary("RELU", transposed(net, y, 0, 2, 3, 1))


def two_that_are_one(net: Network) -> int:
    y = transposed(net, net.x, 0, 3, 1, 2)
    return transposed(net, y, 0, 1, 3, 2)


def shapes(net: Network) -> int:
    y = reshaped(net, reshaped(net, reshaped(net, net.x, 1, 120), 1, 20, 6), 1, 4, 30)
    return net.unary("RELU", y)


def shape_and_back(net: Network) -> int:
    return net.unary("RELU", reshaped(net, reshaped(net, net.x, 1, 120), 1, 4, 5, 6))


def squeezed(net: Network) -> int:
    wide = net.op("EXPAND_DIMS", [net.x, net.constant(np.array(1, np.int32))], (1, 1, 4, 5, 6))
    return net.unary("TANH", reshaped(net, wide, 1, 120))


CASES: dict[str, tuple[Build, list[str]]] = {
    "transposed back": (there_and_back, ["RELU"]),
    "transposed twice": (two_that_are_one, ["TRANSPOSE"]),
    "shapes": (shapes, ["RESHAPE", "RELU"]),
    "shaped back": (shape_and_back, ["RELU"]),
    "a size more": (squeezed, ["RESHAPE", "TANH"]),
}


@pytest.mark.parametrize(("build", "left"), CASES.values(), ids=CASES)
def test_fewer_operators_give_the_same(build: Build, left: list[str]) -> None:
    content = network(build)
    model = tflite.read(content)
    before = list(tflite.operators(model))
    assert cancelled_moves.cancel(model) == len(before) - len(left)
    after = list(tflite.operators(model))
    assert [op.name for op in after] == left
    assert after[-1].outputs[0].name == before[-1].outputs[0].name
    expected = interpreter.run(tflite.read(content), SAMPLES)["y"]
    np.testing.assert_array_equal(interpreter.run(model, SAMPLES)["y"], expected)


def read_between(net: Network) -> int:
    y = transposed(net, net.x, 0, 3, 1, 2)
    back = transposed(net, y, 0, 2, 3, 1)
    return net.add(transposed(net, net.unary("TANH", y), 0, 2, 3, 1), back)


def other_orders(net: Network) -> int:
    return net.unary("RELU", transposed(net, net.unary("TANH", net.x), 0, 3, 1, 2))


def an_output(net: Network) -> int:
    return reshaped(net, net.x, 1, 4, 5, 6)


@pytest.mark.parametrize("build", [read_between, other_orders, an_output])
def test_what_does_something_stays(build: Build) -> None:
    content = network(build)
    model = tflite.read(content)
    assert cancelled_moves.cancel(model) == 0
    assert tflite.to_bytes(model) == content


def test_a_shape_with_an_open_size_stays() -> None:
    model = tflite.read(network(shape_and_back))
    for tensor in model.subgraphs[0].tensors:
        if list(tensor.shape) == [1, 4, 5, 6]:
            tensor.shapeSignature = [-1, 4, 5, 6]
    assert -1 in tflite.tensors(model)[0].shape
    assert cancelled_moves.cancel(model) == 0
