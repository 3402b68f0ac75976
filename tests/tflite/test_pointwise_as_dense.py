"""Convolutions of one pixel as dense layers: the same floats, and int4 weights in fast kernels."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.tflite import interpreter, pointwise_as_dense
from tests.quantize.tiny_models import RELU6, Network, random

SAMPLES = {"x": random(8, 6, 6, 4, scale=2)}


def names(model: tflite.Model) -> list[str]:
    return [op.name for op in tflite.operators(model)]


def values(model: tflite.Model) -> np.ndarray:
    return interpreter.run(tflite.read(tflite.to_bytes(model)), SAMPLES)["y"]


def test_the_same_floats_with_the_activation_and_the_shape() -> None:
    net = Network()
    y = net.conv(net.x, random(5, 1, 1, 4), random(5), activation=RELU6)
    y = net.conv(y, random(3, 3, 3, 5))
    before = tflite.read(net.finish(y=net.conv(y, random(2, 1, 1, 3))))
    after = pointwise_as_dense.rewritten(before)
    assert names(after) == ["FULLY_CONNECTED", "CONV_2D", "FULLY_CONNECTED"]
    assert names(before) == ["CONV_2D", "CONV_2D", "CONV_2D"]
    np.testing.assert_allclose(values(after), values(before), rtol=1e-5, atol=1e-5)
    assert values(after).shape == values(before).shape
    shapes = [[t.shape for t in tflite.tensors(model) if not t.is_constant]
              for model in (before, after)]  # fmt: skip
    assert shapes[0] == shapes[1]


@pytest.mark.parametrize(
    ("kernel", "options"),
    [((5, 3, 3, 4), {}), ((5, 1, 1, 4), {"stride": 2}), ((4, 1, 1, 2), {})],
    ids=["three pixels", "every other pixel", "two groups"],
)
def test_other_convolutions_stay(kernel: tuple[int, ...], options: dict[str, int]) -> None:
    net = Network()
    model = tflite.read(net.finish(y=net.conv(net.x, random(*kernel), **options)))
    assert pointwise_as_dense.rewritten(model) is model


def test_weights_that_two_convolutions_share_stay_a_kernel_for_the_other() -> None:
    net = Network()
    shared = net.constant(random(4, 1, 1, 4))
    y = net.conv(net.conv(net.x, shared), shared, stride=2)
    before = tflite.read(net.finish(y=y))
    after = pointwise_as_dense.rewritten(before)
    assert names(after) == ["FULLY_CONNECTED", "CONV_2D"]
    np.testing.assert_allclose(values(after), values(before), rtol=1e-5, atol=1e-5)
    assert len(after.buffers) == len(before.buffers)
    tensors = [tensor.name for tensor in tflite.tensors(after)]
    assert len(set(tensors)) == len(tensors)  # the quantizer demands it
