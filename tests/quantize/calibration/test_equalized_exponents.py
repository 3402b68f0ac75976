"""Exponents of an equalized file, read from its weights alone."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.calibration import equalize, equalized_exponents
from tests.quantize import tiny_models as tiny

X = {"x": tiny.correlated(12, 6, 6, 4)}


def network(seed: int = 0) -> bytes:
    """Convolution, PAD, depthwise, convolution; channels of unlike sizes; 6x6x4 in."""
    sizes = np.exp2(np.linspace(-4, 4, 8)).astype(np.float32)
    net = tiny.Network(shape=(6, 6, 4))
    first = tiny.random(8, 1, 1, 4, seed=seed) * sizes[:, None, None, None]
    y = net.conv(net.x, first, tiny.random(8, seed=seed) * sizes, activation=tiny.RELU)
    depthwise = tiny.random(1, 3, 3, 8, seed=seed) / sizes[::-1]
    y = net.conv(
        net.pad(y, 1),
        depthwise,
        tiny.random(8, seed=seed + 1),
        activation=tiny.RELU,
        multiplier=1,
        padding=tiny.VALID,
    )
    return net.finish(y=net.conv(y, tiny.random(4, 1, 1, 8, seed=seed), tiny.random(4)))


@pytest.mark.parametrize("recipe", ["static_wi8_ai8", "weight_only_wi4_afp32", "float16"])
def test_weights_tell_the_exponents_without_a_manifest(recipe: str) -> None:
    content, how = network(), recipes.get(recipe)
    model = tflite.read(content)
    twin, exponents = equalize.equalized(model, X, equalize.pairs(model))
    assert len(exponents) == 3  # the PAD between them, too
    after = tiny.plain(tflite.to_bytes(twin), how, X)
    assert equalized_exponents.exponents(model, tflite.read(after)) == exponents
    plain = tiny.plain(content, how, X)
    assert equalized_exponents.exponents(model, tflite.read(plain)) == {}


def test_the_float_files_own_weights_and_those_of_another_training_tell_none() -> None:
    model = tflite.read(network())
    assert equalized_exponents.exponents(model, tflite.read(network())) == {}
    assert equalized_exponents.exponents(model, tflite.read(network(seed=5))) == {}


def test_a_factor_of_all_channels_alike_is_told_and_a_small_one_is_not() -> None:
    content = network()
    before = tflite.read(content)
    for power, told in ((8, True), (1, False)):  # 1 is less than refitting changes
        after = tflite.read(content)
        factor = np.float32(equalize.factors([power])[0])
        first = next(op for op in tflite.operators(after) if op.name == "CONV_2D")
        for tensor in first.constants:
            values = np.array(tflite.values(after, tensor)) / factor
            after.buffers[tensor.buffer].data = values.reshape(-1).view(np.uint8)
        found = equalized_exponents.exponents(before, after)
        assert (found.get(first.outputs[0].name) == (power,) * 8) is told
        assert bool(found) is told
