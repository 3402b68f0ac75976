"""Fake quantization of a file becomes ranges and weights, and leaves a plain file."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.trained.apply_trained import as_trained
from edgekit.tflite import signal
from edgekit.tflite.quantized_weights import from_range
from edgekit.tflite.trained_ranges import TrainedRanges, has_fake_quantization, plain, take_out
from tests.quantize import tiny_models as tiny
from tests.quantize.tiny_models import RELU, Network, random

X = {"x": np.abs(tiny.random(16, 6, 6, 4))}


def trained_net(*, behind: bool = True) -> bytes:
    """A convolution with a scale for each channel and a dense layer with one, as tfmot trains.

    `behind` rounds what the dense layer gives as well.
    """
    net = Network()
    kernel = random(5, 3, 3, 4, scale=0.3)
    scales = np.abs(kernel).max((1, 2, 3)) / 127
    x = net.rounded(net.x, [0.02], 3)
    weights = net.rounded(net.constant(kernel), list(scales), 128)
    y = net.conv(x, weights, random(5, scale=0.1), activation=RELU)
    y = net.mean(net.rounded(y, [0.017], 0))
    y = net.rounded(y, [0.009], 0)
    matrix = net.rounded(net.constant(random(3, 5, scale=0.4)), [0.011], 128)
    y = net.dense(y, matrix, random(3, scale=0.1))
    return net.finish(y=net.rounded(y, [0.013], 120) if behind else y)


def run(content: bytes) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content).get_signature_runner()
    return np.concatenate([runner(x=X["x"][i : i + 1])["y"] for i in range(len(X["x"]))])


def test_a_plain_file_stays_as_it_is():
    content = tiny.picture_net()
    assert not has_fake_quantization(tflite.read(content))
    assert plain(content) == (content, TrainedRanges())


def test_pairs_go_and_what_they_said_is_kept():
    content = trained_net()
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


@pytest.mark.parametrize("device", ["cpu", "npu"])
def test_a_static_file_computes_what_was_trained(device):
    content = trained_net()
    float_model, trained = plain(content)
    ranges = tiny.extremes(float_model, X)
    prepared = as_trained(float_model, ranges, trained, device)
    quantized = prepared.apply(recipes.get("static_wi8_ai8"))
    assert not prepared.apart
    expected = run(content)
    assert signal.sqnr_db(expected, run(tflite.to_bytes(quantized))) > 80
    untrained = tiny.plain(float_model, recipes.get("static_wi8_ai8"), X)
    assert signal.sqnr_db(expected, run(untrained)) < 60


def test_what_training_did_not_round_stays_float_on_a_cpu():
    float_model, trained = plain(trained_net(behind=False))
    ranges = tiny.extremes(float_model, X)
    last = list(tflite.operators(tflite.read(float_model)))[-1].index
    on_cpu = as_trained(float_model, ranges, trained, "cpu")
    assert {index: one.recipe for index, one in on_cpu.apart.items()} == {last: "float32"}
    assert not as_trained(float_model, ranges, trained, "npu").apart
    expected = run(trained_net(behind=False))
    got = run(tflite.to_bytes(on_cpu.apply(recipes.get("static_wi8_ai8"))))
    assert signal.sqnr_db(expected, got) > 80
