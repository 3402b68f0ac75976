"""Average pools over a whole map: the same floats as MEAN, and finer integers."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.compat import litert
from edgekit.core import recipes
from edgekit.quantize.rewrite import engine
from edgekit.tflite import interpreter, whole_map_pools
from tests.quantize.tiny_models import RELU, SAME, VALID, Network, extremes, random

SAMPLES = {"x": random(24, 6, 6, 4, scale=2)}


def pooled(
    window: tuple[int, int], out: tuple[int, int], *, padding: int = VALID, activation: int = 0
) -> bytes:
    net = Network()
    options = litert.schema().Pool2DOptionsT()
    options.filterHeight, options.filterWidth = window
    options.strideH, options.strideW = (6 // out[0], 6 // out[1])
    options.padding, options.fusedActivationFunction = padding, activation
    return net.finish(y=net.op("AVERAGE_POOL_2D", [net.x], (1, *out, 4), options))


def rewritten(content: bytes) -> tuple[int, bytes]:
    model = tflite.read(content)
    count = whole_map_pools.as_means(model)
    return count, tflite.to_bytes(model)


def values(content: bytes) -> np.ndarray:
    return interpreter.run(tflite.read(content), SAMPLES)["y"]


@pytest.mark.parametrize(("window", "padding"), [((6, 6), VALID), ((7, 9), SAME), ((6, 6), SAME)])
def test_the_same_floats_of_the_same_shape(window: tuple[int, int], padding: int) -> None:
    before = pooled(window, (1, 1), padding=padding)
    count, after = rewritten(before)
    assert count == 1
    assert [op.name for op in tflite.operators(tflite.read(after))] == ["MEAN"]
    assert values(after).shape == values(before).shape
    np.testing.assert_allclose(values(after), values(before), atol=1e-6)


@pytest.mark.parametrize(
    "content",
    [pooled((3, 3), (2, 2)), pooled((6, 3), (1, 2)), pooled((6, 6), (1, 1), activation=RELU)],
    ids=["part of the map", "the whole height", "a fused activation"],
)
def test_other_pools_stay(content: bytes) -> None:
    count, after = rewritten(content)
    assert count == 0
    assert [op.name for op in tflite.operators(tflite.read(after))] == ["AVERAGE_POOL_2D"]


def test_two_pools_share_their_axes() -> None:
    net = Network()
    options = litert.schema().Pool2DOptionsT()
    options.filterHeight = options.filterWidth = options.strideH = options.strideW = 6
    pools = [net.op("AVERAGE_POOL_2D", [net.x], (1, 1, 1, 4), options) for _ in range(2)]
    count, after = rewritten(net.finish(y=net.add(*pools)))
    first, second, _ = tflite.operators(tflite.read(after))
    assert count == 2
    assert first.inputs[1].index == second.inputs[1].index


def test_a_mean_has_a_scale_of_its_own_in_integers() -> None:
    before = pooled((6, 6), (1, 1))
    _, after = rewritten(before)
    int8 = recipes.get("static_wi8_ai8")
    expected, errors = values(before), []
    for content in (before, after):
        made = engine.quantize(content, int8, extremes(content, SAMPLES))
        errors.append(float(np.square(values(made) - expected).sum()))
    assert errors[1] < errors[0] / 4
