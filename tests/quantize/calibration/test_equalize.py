"""Channels of like size: the same network to the last bit, and only where that is true."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.quantize.calibration import equalize
from edgekit.quantize.diagnose import scores
from edgekit.tflite.step_interpreter import Steps
from tests.quantize.tiny_models import (
    NONE,
    RELU,
    RELU6,
    VALID,
    Network,
    correlated,
    picture_net,
    random,
)


def uneven(channels: int, seed: int = 0) -> np.ndarray:
    """Sizes of channels over two orders of magnitude."""
    return np.exp2(np.random.default_rng(seed).uniform(-4, 4, channels)).astype(np.float32)


def separable(*, first: int = RELU, second: int = NONE, pad: bool = False) -> Network:
    """Convolution, depthwise, pointwise; 6x6x4 in, channels of all sizes."""
    net = Network(shape=(6, 6, 4))
    y = net.conv(
        net.x,
        random(8, 3, 3, 4, scale=0.2) * uneven(8)[:, None, None, None],
        random(8) * uneven(8),
        activation=first,
    )
    y = net.pad(y, 1) if pad else y
    depthwise = random(1, 3, 3, 8, scale=0.3) / uneven(8)
    y = net.conv(
        y, depthwise, random(8), activation=second, multiplier=1, padding=VALID if pad else 0
    )
    net.y = net.conv(y, random(5, 1, 1, 8), random(5))
    return net


def found(content: bytes) -> list[tuple[str, str]]:
    """The pairs, by the names of what they give."""
    model = tflite.read(content)
    return [(a.outputs[0].name, b.outputs[0].name) for a, b in equalize.pairs(model)]


def check_twin(content: bytes, inputs: dict[str, np.ndarray]) -> equalize.Exponents:
    """All answers and activations: the same times the powers that are told."""
    model = tflite.read(content)
    twin, exponents = equalize.equalized(model, inputs, equalize.pairs(model))
    assert tflite.to_bytes(model) == tflite.to_bytes(tflite.read(content))
    expected, got = scores.outputs(model, inputs), scores.outputs(twin, inputs)
    assert scores.sqnr_db(expected, got) > 100
    one, two = Steps(model, inputs), Steps(twin, inputs)
    told = set()
    for a, b in zip(one.operators, two.operators, strict=True):
        one.run(a)
        two.run(b)
        for tensor in a.outputs:
            scales = equalize.factors(exponents.get(tensor.name, (0,)))
            told |= {tensor.name} & set(exponents)
            values = one.stored(tensor)
            atol = 1e-5 * float(np.abs(values).max())
            np.testing.assert_allclose(two.stored(tensor) * scales, values, rtol=1e-4, atol=atol)
    assert told == set(exponents)
    return exponents


@pytest.mark.parametrize("pad", [False, True])
@pytest.mark.parametrize(("first", "second"), [(NONE, NONE), (RELU, RELU), (NONE, RELU)])
def test_the_twin_computes_the_same_to_the_last_bit(first: int, second: int, pad: bool) -> None:
    net = separable(first=first, second=second, pad=pad)
    content = net.finish(y=net.y)
    assert found(content) == [
        ("conv_2d_0", "depthwise_conv_2d_0"),
        ("depthwise_conv_2d_0", "conv_2d_1"),
    ]
    exponents = check_twin(content, {"x": correlated(20, 6, 6, 4)})
    names = {"conv_2d_0", "depthwise_conv_2d_0", *(("pad_0",) if pad else ())}
    assert set(exponents) == names
    assert all(len(powers) == 8 for powers in exponents.values())
    assert any(powers != (0,) * 8 for powers in exponents.values())
    if pad:
        assert exponents["pad_0"] == exponents["conv_2d_0"]


def test_channels_come_closer_to_each_other() -> None:
    net, inputs = separable(), {"x": correlated(20, 6, 6, 4)}
    model = tflite.read(net.finish(y=net.y))
    pairs = equalize.pairs(model)
    twin, _ = equalize.equalized(model, inputs, pairs)

    def spread(of: object) -> float:
        steps = Steps(of, inputs)
        steps.run(steps.operators[0])
        values = steps.stored(steps.operators[0].outputs[0])
        largest = np.abs(values).reshape(-1, 8).max(axis=0)
        return float(np.log2(largest[largest > 0]).std())

    assert spread(twin) < 0.7 * spread(model)


def test_a_relu6_does_not_commute_and_is_left_alone() -> None:
    net = separable(first=RELU6, second=RELU6)
    assert found(net.finish(y=net.y)) == []
    net = separable(first=RELU, second=RELU6)
    assert found(net.finish(y=net.y)) == [("conv_2d_0", "depthwise_conv_2d_0")]


def test_what_others_read_or_the_model_gives_is_left_alone() -> None:
    net = Network(shape=(6, 6, 4))
    inner = net.conv(net.x, random(4, 3, 3, 4), random(4), activation=RELU)
    y = net.conv(inner, random(1, 3, 3, 4), random(4), multiplier=1)
    assert found(net.finish(y=y)) == [("conv_2d_0", "depthwise_conv_2d_0")]
    assert found(net.finish(y=y, inner=inner)) == []
    both = net.add(y, inner)
    assert found(net.finish(y=both)) == []


def test_shared_weights_are_left_alone() -> None:
    net = Network(shape=(6, 6, 4))
    weights = net.constant(random(1, 3, 3, 4))
    y = net.conv(net.x, weights, random(4), multiplier=1)
    y = net.conv(y, weights, random(4), multiplier=1)
    assert found(net.finish(y=y)) == []


def test_only_pairs_with_a_depthwise_convolution_are_treated() -> None:
    net = Network(shape=(6, 6, 4))
    y = net.conv(net.conv(net.x, random(8, 3, 3, 4), activation=RELU), random(8, 3, 3, 8))
    assert found(net.finish(y=y)) == []


@pytest.mark.parametrize("multiplier", [1, 2])
def test_a_multiplier_mixes_the_order_of_channels(multiplier: int) -> None:
    net = Network(shape=(6, 6, 4))
    y = net.conv(net.x, random(4, 3, 3, 4), random(4))
    y = net.conv(y, random(1, 3, 3, 4 * multiplier), multiplier=multiplier)
    y = net.conv(y, random(3, 1, 1, 4 * multiplier))
    behind = ("depthwise_conv_2d_0", "conv_2d_1")
    expected = [behind] if multiplier == 2 else [("conv_2d_0", "depthwise_conv_2d_0"), behind]
    content = net.finish(y=y)
    assert found(content) == expected
    check_twin(content, {"x": correlated(8, 6, 6, 4)})


def test_silent_channels_keep_their_size() -> None:
    net = Network(shape=(6, 6, 4))
    weights, bias = random(8, 3, 3, 4), random(8)
    weights[:2], bias[:2] = 0, 0
    y = net.conv(net.x, weights, bias, activation=RELU)
    content = net.finish(y=net.conv(y, random(1, 3, 3, 8) * uneven(8), multiplier=1))
    exponents = check_twin(content, {"x": correlated(8, 6, 6, 4)})
    assert exponents["conv_2d_0"][:2] == (0, 0)
    assert any(exponents["conv_2d_0"])
    # Nothing at all comes through: there is nothing to go by.
    content = picture_net()
    nothing = {"x": np.zeros((3, 7, 7, 3), np.float32)}
    check_twin(content, nothing)


@pytest.mark.convert
@pytest.mark.corpus
def test_a_network_that_other_people_trained(corpus: Path, tmp_path: Path) -> None:
    """A keyword spotter of depthwise convolutions; its SavedModel is float."""
    from edgekit import convert
    from edgekit.core.records import ConvertOptions

    options = ConvertOptions(recipes=("float32",), golden_samples=2)
    (made,) = convert(corpus / "kws_dscnn" / "kws_ref_model", output=tmp_path, options=options)
    content = Path(made.path).read_bytes()
    (spec,) = tflite.contract(content).inputs
    exponents = check_twin(content, {spec.name: correlated(6, *spec.shape[1:]) * 5})
    assert len(exponents) == 8
