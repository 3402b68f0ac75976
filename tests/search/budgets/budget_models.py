"""A small network with every kind of operator that a budget weighs, and samples for it."""

from __future__ import annotations

import numpy as np

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.calibrated_recipe import Prepared
from edgekit.search.budgets.precision_forms import Choice, choices
from edgekit.tflite import pointwise_as_dense
from tests.quantize.tiny_models import RELU, Network, correlated, extremes, random

INPUTS = {"x": correlated(60, 7, 7, 4)}
STATIC4, STATIC8 = recipes.get("static_wi4_ai8"), recipes.get("static_wi8_ai8")
DYNAMIC4 = recipes.get("dynamic_wi4_afp32")
WEIGHTS4 = recipes.get("weight_only_wi4_afp32")


def small_net() -> bytes:
    """A 3x3 convolution, a depthwise one, two of one pixel, a mean and a dense layer."""
    net = Network(shape=(7, 7, 4))
    y = net.conv(net.x, random(16, 3, 3, 4, scale=0.3), random(16, seed=1), activation=RELU)
    y = net.conv(
        y, random(1, 3, 3, 16, seed=2, scale=0.4), random(16, seed=3), activation=RELU, multiplier=1
    )
    y = net.conv(y, random(48, 1, 1, 16, seed=4, scale=0.3), random(48, seed=5), activation=RELU)
    y = net.conv(y, random(64, 1, 1, 48, seed=6, scale=0.2), random(64, seed=7), activation=RELU)
    return net.finish(y=net.dense(net.mean(y), random(10, 64, seed=8, scale=0.3), random(10)))


FLOAT = small_net()
DENSE = tflite.to_bytes(pointwise_as_dense.rewritten(tflite.read(FLOAT)))
"""The same with convolutions of one pixel as dense layers."""


def prepared() -> Prepared:
    """The network with ranges, nothing else chosen."""
    return Prepared(float_model=DENSE, ranges=extremes(DENSE, INPUTS))


def options(recipe=STATIC4, device="cpu", by_hand=None) -> list[Choice]:
    """What its operators may have."""
    return choices(tflite.read(DENSE), recipe, device, prepared(), by_hand or {})


def widths(some: list[Choice]) -> list[tuple[int, ...]]:
    """The bits of each operator's forms."""
    return [tuple(form.weight_bits for form in one.forms) for one in some]


def weights_of(content: bytes, index: int) -> np.ndarray:
    """An operator's weights in the network."""
    model = tflite.read(content)
    op = next(op for op in tflite.main_operators(model) if op.index == index)
    assert op.weight is not None
    return tflite.constant(model, op.weight)
