"""Kernels that operators compute from constants, as `extract_patches` has them."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.tflite import computed_weights, interpreter
from tests.quantize.tiny_models import SAME, VALID, Network, random

SAMPLES = {"x": random(4, 6, 6, 4)}


def patches(size: int, stride: int, padding: int, *, identity: bool = True) -> bytes:
    """As Keras' `extract_patches` is exported: MATRIX_DIAG, RESHAPE, TRANSPOSE, CONV_2D."""
    net = Network()
    count = size * size * 4
    diagonal = np.ones(count, np.float32) if identity else np.arange(count, dtype=np.float32)
    square = net.op("MATRIX_DIAG", [net.constant(diagonal)], (count, count))
    shape = net.constant(np.array([size, size, 4, count], np.int32))
    wide = net.op("RESHAPE", [square, shape], (size, size, 4, count))
    order = net.constant(np.array([3, 0, 1, 2], np.int32))
    kernel = net.op("TRANSPOSE", [wide, order], (count, size, size, 4))
    return net.finish(y=net.conv(net.x, kernel, stride=stride, padding=padding))


@pytest.mark.parametrize(
    ("content", "names"),
    [
        (patches(2, 2, VALID), ["SPACE_TO_DEPTH"]),
        (patches(3, 3, SAME), ["SPACE_TO_DEPTH"]),
        (patches(2, 1, VALID), ["CONV_2D"]),  # they overlap
        (patches(4, 4, SAME), ["CONV_2D"]),  # which pads
        (patches(2, 2, VALID, identity=False), ["CONV_2D"]),
    ],
    ids=["squares", "squares of 3", "overlapping", "padded", "weighed"],
)
def test_they_are_computed_once_and_the_floats_stay(content: bytes, names: list[str]):
    model = tflite.read(content)
    assert computed_weights.fold(model) == 1
    assert [op.name for op in tflite.operators(model)] == names
    assert all(op.weight is None or op.weight.is_constant for op in tflite.operators(model))
    tflite.set_versions(model)
    expected = interpreter.run(tflite.read(content), SAMPLES)["y"]
    np.testing.assert_array_equal(interpreter.run(model, SAMPLES)["y"], expected)


def test_a_kernel_that_depends_on_the_input_stays():
    net = Network(shape=(6, 6, 4))
    other = net.input("kernel", (2, 2, 4))
    model = tflite.read(net.finish(y=net.conv(net.x, other, stride=2, padding=VALID)))
    assert computed_weights.fold(model) == 0
    assert [op.name for op in tflite.operators(model)] == ["CONV_2D"]


def test_operators_that_others_read_stay():
    net = Network()
    diagonal = net.op("MATRIX_DIAG", [net.constant(np.ones(4, np.float32))], (4, 4))
    dense = net.dense(net.mean(net.x), diagonal)
    both = net.op("ADD", [dense, diagonal], (4, 4), schema.AddOptionsT())
    model = tflite.read(net.finish(y=both))
    assert computed_weights.fold(model) == 1
    assert "MATRIX_DIAG" in [op.name for op in tflite.operators(model)]
