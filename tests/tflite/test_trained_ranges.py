"""Fake quantization of a file becomes ranges and weights, and leaves a plain file."""

from __future__ import annotations

import numpy as np

from edgekit import tflite
from edgekit.tflite.quantized_weights import from_range
from edgekit.tflite.trained_ranges import TrainedRanges, has_fake_quantization, plain, take_out
from tests.quantize import tiny_models as tiny
from tests.quantize.tiny_models import Network, random


def test_a_plain_file_stays_as_it_is():
    content = tiny.picture_net()
    assert not has_fake_quantization(tflite.read(content))
    assert plain(content) == (content, TrainedRanges())


def test_pairs_go_and_what_they_said_is_kept():
    content = tiny.trained_net()
    model = tflite.read(content)
    assert has_fake_quantization(model)
    trained = take_out(model)
    operators = list(tflite.operators(model))
    assert [op.name for op in operators] == ["CONV_2D", "MEAN", "FULLY_CONNECTED"]
    # The ranges give the scales and zero points back, whichever tensor they stand at.
    found = {from_range(low, high, 8) for low, high in trained.ranges.values()}
    steps = {(0.02, -125), (0.017, -128), (0.009, -128), (0.013, -8)}
    assert found == {(float(np.float32(scale)), zero) for scale, zero in steps}
    assert set(trained.ranges) == {"x", *(t.name for op in operators for t in op.outputs)}
    conv, _, dense = operators
    assert set(trained.weights) == {conv.index, dense.index}
    assert len(trained.weights[conv.index].scales) == 5
    assert trained.weights[dense.index].scales.tolist() == [float(np.float32(0.011))] * 3
    for op in (conv, dense):
        assert op.weight is not None
        stored = tflite.constant(model, op.weight)
        np.testing.assert_array_equal(stored, trained.weights[op.index].real)
    assert len(tflite.tensors(model)) == 9  # nothing is left of the pairs
    assert not has_fake_quantization(tflite.read(tflite.to_bytes(model)))


def test_weights_that_are_not_symmetric_keep_their_values_only():
    net = Network(shape=(5,))
    matrix = random(3, 5, scale=0.3)
    y = net.dense(net.x, net.rounded(net.constant(matrix), [0.02], 100), None)
    model = tflite.read(net.finish(y=y))
    trained = take_out(model)
    assert not trained.weights
    [op] = tflite.operators(model)
    assert op.weight is not None
    np.testing.assert_allclose(
        tflite.constant(model, op.weight), np.rint(matrix / 0.02) * 0.02, atol=1e-6
    )
