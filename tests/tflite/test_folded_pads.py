"""PAD as the padding of a convolution: where SAME pads the same, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.tflite import folded_pads, interpreter
from tests.quantize.tiny_models import VALID, Network, random


def padded(
    pads: tuple[int, int],
    *,
    side: int = 6,
    stride: int = 1,
    kernel: int = 3,
    dilation: int = 1,
    depthwise: bool = False,
    also_read: bool = False,
) -> bytes:
    """A map padded by hand on both sides, then a convolution without padding."""
    net = Network(shape=(side, side, 4))
    numbers = net.constant(np.array([[0, 0], pads, pads, [0, 0]], np.int32))
    big = side + sum(pads)
    y = net.op("PAD", [net.x, numbers], (1, big, big, 4))
    weights = random(1 if depthwise else 8, kernel, kernel, 4)
    out = net.conv(
        y, weights, random(4 if depthwise else 8), stride=stride, padding=VALID,
        dilation=dilation, multiplier=1 if depthwise else None,
    )  # fmt: skip
    return net.finish(y=out, **({"padded": y} if also_read else {}))


def folded(content: bytes) -> tuple[int, bytes]:
    model = tflite.read(content)
    return folded_pads.fold(model), tflite.to_bytes(model)


def names(content: bytes) -> list[str]:
    return [op.name for op in tflite.operators(tflite.read(content))]


SAME = [
    padded((1, 1)),
    padded((1, 1), depthwise=True),
    padded((0, 1), stride=2),  # as Keras pads an even side
    padded((1, 1), side=7, stride=2),
    padded((2, 2), dilation=2),
    padded((2, 2), kernel=5),
]


@pytest.mark.parametrize("content", SAME)
def test_where_same_pads_the_same_the_convolution_does_it(content: bytes) -> None:
    count, after = folded(content)
    assert count == 1
    assert "PAD" not in names(after)
    [conv] = tflite.operators(tflite.read(after))
    assert conv.layer == list(tflite.operators(tflite.read(content)))[-1].layer
    side = tflite.read(content).subgraphs[0].tensors[0].shape[1]
    samples = {"x": random(3, side, side, 4)}
    expected = interpreter.run(tflite.read(content), samples)["y"]
    given = interpreter.run(tflite.read(after), samples)["y"]
    np.testing.assert_allclose(given, expected, rtol=1e-5, atol=1e-5)


OTHERS = {
    "both sides before a stride": padded((1, 1), stride=2),
    "before instead of behind": padded((1, 0), stride=2),
    "more than SAME": padded((2, 2)),
    "less than SAME": padded((1, 1), kernel=5),
    "read by others": padded((1, 1), also_read=True),
}


@pytest.mark.parametrize("content", OTHERS.values(), ids=OTHERS)
def test_elsewhere_it_stays(content: bytes) -> None:
    count, after = folded(content)
    assert (count, names(after)) == (0, names(content))


def test_padded_channels_and_a_convolution_that_pads_itself_stay() -> None:
    net = Network()
    numbers = net.constant(np.array([[0, 0], [0, 0], [0, 0], [1, 1]], np.int32))
    y = net.op("PAD", [net.x, numbers], (1, 6, 6, 6))
    wide = net.finish(y=net.conv(y, random(8, 1, 1, 6), padding=VALID))
    net = Network()
    twice = net.finish(y=net.conv(net.pad(net.x, 1), random(8, 3, 3, 4)))
    assert [folded(content)[0] for content in (wide, twice)] == [0, 0]
