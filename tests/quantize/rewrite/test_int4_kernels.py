"""int4 weights where the device has a fast kernel, int8 elsewhere."""

from __future__ import annotations

import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import Device
from edgekit.data.samples import Samples
from edgekit.quantize.candidates import Search
from edgekit.quantize.rewrite import int4_kernels
from tests.quantize.tiny_models import RELU, Network, random

STATIC, DYNAMIC = recipes.get("static_wi4_ai8"), recipes.get("dynamic_wi4_afp32")


def network() -> bytes:
    """A 3 x 3 convolution, a depthwise one, one of one pixel, a dense layer, all of some size."""
    net = Network(shape=(6, 6, 8))
    y = net.conv(net.x, random(16, 3, 3, 8, scale=0.2), random(16), activation=RELU)
    y = net.conv(y, random(1, 3, 3, 16), random(16), activation=RELU, multiplier=1)
    y = net.conv(y, random(64, 1, 1, 16, scale=0.2), random(64), activation=RELU)
    return net.finish(y=net.dense(net.mean(y), random(40, 64, scale=0.1), random(40)))


SAMPLES = Samples(inputs={"x": random(60, 6, 6, 8)})


def weights(device: Device, recipe: str) -> dict[str, str]:
    """The type of each operator's weights in the file that calibration samples choose."""
    content = network()
    search = Search(
        content, SAMPLES, tflite.contract(content), seed=0, device=device, report=lambda _: None
    )
    wanted = recipes.get(recipe)
    model = search.prepare(wanted).apply(wanted)
    found = {}
    makers = {t.index: op for op in tflite.operators(model) for t in op.outputs}
    for op in tflite.operators(model):
        if op.weight is not None:
            stored = op.weight
            cast = makers.get(stored.index)
            found[op.name] = (cast.inputs[0] if cast else stored).dtype
    return found


@pytest.mark.parametrize(
    ("recipe", "device", "convolution", "dense"),
    [
        ("static_wi4_ai8", "cpu", "int8", "int4"),
        ("static_wi4_ai8", "mcu", "int4", "int8"),
        ("static_wi4_ai8", "npu", "int4", "int4"),
        ("dynamic_wi4_afp32", "cpu", "int8", "int4"),
    ],
)
def test_int4_is_where_the_device_has_a_kernel(
    recipe: str, device: Device, convolution: str, dense: str
) -> None:
    assert weights(device, recipe) == {
        "CONV_2D": convolution,
        "DEPTHWISE_CONV_2D": "int8",
        "FULLY_CONNECTED": dense,
    }


@pytest.mark.parametrize("name", ["static_wi8_ai8", "weight_only_wi4_afp32", "float16"])
def test_other_recipes_keep_what_they_say(name: str) -> None:
    assert int4_kernels.wider(tflite.read(network()), recipes.get(name), "cpu") == {}


def test_the_reason_names_the_kernels() -> None:
    model = tflite.read(network())
    [(recipe, reason)] = int4_kernels.wider(model, DYNAMIC, "cpu").values()
    assert recipe == "weight_only_wi8_afp32"
    assert "slower" in reason
    assert {why for _, why in int4_kernels.wider(model, STATIC, "mcu").values()} == {
        "TFLite Micro has no int4 kernel of it"
    }
