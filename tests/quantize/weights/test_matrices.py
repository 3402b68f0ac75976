"""Matrices of an operator: what they multiply gives what the interpreter computes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.weights import matrices
from edgekit.quantize.weights.matrices import Linear
from edgekit.tflite.dequantize import dequantize
from edgekit.tflite.step_interpreter import Steps
from tests.quantize.tiny_models import (
    NONE,
    RELU,
    RELU6,
    SAME,
    VALID,
    Network,
    correlated,
    plain,
    random,
)

# 18 kernels of few sizes, strides and paddings: more than a list would name.
few = settings(max_examples=18, derandomize=True)


def of(content: bytes) -> Linear:
    """The file's only operator with weights."""
    model = tflite.read(content)
    found = [matrices.view(model, op) for op in tflite.operators(model)]
    (view,) = (view for view in found if view is not None)
    return view


def computed(view: Linear, rows: np.ndarray) -> np.ndarray:
    """Rows times weights plus bias, `(rows, channels)` as the file orders channels."""
    assert view.bias is not None
    outputs = rows @ np.swapaxes(view.weights, 1, 2) + view.bias[:, None]
    return np.moveaxis(outputs, 0, 1).reshape(rows.shape[1], -1)


def compare(content: bytes, inputs: dict[str, np.ndarray]) -> None:
    """All places, then some, against the interpreter."""
    view = of(content)
    model = tflite.read(content)
    steps = Steps(model, inputs)
    (op,) = steps.operators
    x = steps.stored(op.inputs[0])
    count = len(x)
    steps.run(op)
    expected = steps.stored(op.outputs[0]).reshape(-1, op.outputs[0].shape[-1])
    assert view.num_places(count) == len(expected)
    everywhere = np.arange(len(expected))
    some = np.random.default_rng(0).choice(everywhere, max(1, len(everywhere) // 3), replace=False)
    for places in (everywhere, some):
        rows = view.rows(x, op.inputs[0], places)
        assert rows.shape == (len(view.weights), len(places), view.weights.shape[-1])
        got = view.activated(computed(view, rows))
        np.testing.assert_allclose(got, expected[places], rtol=1e-4, atol=1e-4)


@few
@given(
    kernel=st.tuples(st.integers(1, 4), st.integers(1, 3)),
    stride=st.integers(1, 3),
    padding=st.sampled_from([SAME, VALID]),
    dilation=st.integers(1, 2),
    groups=st.sampled_from([1, 2, 4]),
    activation=st.sampled_from([NONE, RELU, RELU6]),
)
def test_a_convolution(
    kernel: tuple[int, int], stride: int, padding: int, dilation: int, groups: int, activation: int
) -> None:
    dilation = 1 if stride > 1 else dilation  # as Keras has it
    net = Network(shape=(9, 8, 4))
    weights = random(8, *kernel, 4 // groups)
    y = net.conv(
        net.x,
        weights,
        random(8),
        stride=stride,
        padding=padding,
        dilation=dilation,
        activation=activation,
    )
    compare(net.finish(y=y), {"x": correlated(3, 9, 8, 4)})


@few
@given(
    size=st.integers(1, 4),
    stride=st.integers(1, 2),
    padding=st.sampled_from([SAME, VALID]),
    dilation=st.integers(1, 2),
    multiplier=st.sampled_from([1, 2, 3]),
)
def test_a_depthwise_convolution(
    size: int, stride: int, padding: int, dilation: int, multiplier: int
) -> None:
    dilation = 1 if stride > 1 else dilation
    net = Network(shape=(8, 9, 4))
    y = net.conv(
        net.x,
        random(1, size, size, 4 * multiplier),
        random(4 * multiplier),
        stride=stride,
        padding=padding,
        dilation=dilation,
        multiplier=multiplier,
    )
    compare(net.finish(y=y), {"x": correlated(3, 8, 9, 4)})


@pytest.mark.parametrize("keep", [False, True])
def test_a_dense_layer(keep: bool) -> None:
    shape = (7, 5) if keep else (5,)
    net = Network(shape=shape)
    content = net.finish(y=net.dense(net.x, random(6, 5), random(6), activation=RELU, keep=keep))
    compare(content, {"x": correlated(4, *shape)})


def test_quantized_inputs_count_from_their_zero_point() -> None:
    """Padding is zero in real numbers: the zero point in codes, which is far from 0 here."""
    net = Network(shape=(6, 6, 4))
    content = net.finish(y=net.conv(net.x, random(8, 3, 3, 4), random(8)))
    inputs = {"x": correlated(4, 6, 6, 4) + 3}
    quantized = tflite.read(plain(content, recipes.get("static_wi8_ai8"), inputs))
    steps = Steps(quantized, inputs)
    cast, op = steps.operators[:2]
    steps.run(cast)
    given_ = op.inputs[0]
    assert given_.quantization is not None
    assert abs(given_.quantization.zero_point[0]) > 20
    view = of(content)
    rows = view.rows(steps.stored(given_), given_, np.arange(view.num_places(4)))
    weights = tflite.values(quantized, op.inputs[1])
    assert weights is not None
    stored = weights.reshape(8, -1) * np.array(op.inputs[1].scale)[:, None]
    got = rows[0] @ stored.T + view.bias[0]
    steps.run(op)
    output = op.outputs[0]
    expected = steps.real(output).reshape(-1, 8)
    ends = dequantize(np.array([-128, 127], np.int8), output)
    # The output is rounded to its own scale and cut off at its ends; the bias to a finer one.
    np.testing.assert_allclose(np.clip(got, *ends), expected, atol=0.51 * output.scale[0])


@pytest.mark.parametrize(
    ("weights", "multiplier"),
    [((8, 3, 2, 4), None), ((8, 3, 3, 2), None), ((1, 3, 2, 4), 1), ((1, 2, 3, 8), 2)],
)
def test_as_stored_takes_a_view_back(weights: tuple[int, ...], multiplier: int | None) -> None:
    net = Network(shape=(6, 6, 4))
    values = random(*weights)
    content = net.finish(y=net.conv(net.x, values, multiplier=multiplier))
    view = of(content)
    np.testing.assert_array_equal(view.as_stored(view.weights), values)
    integers = (view.weights * 10).astype(np.int8)
    np.testing.assert_array_equal(view.as_stored(integers), (values * 10).astype(np.int8))


def test_a_dense_layer_is_stored_as_it_was() -> None:
    net, values = Network(shape=(5,)), random(6, 5)
    view = of(net.finish(y=net.dense(net.x, values)))
    np.testing.assert_array_equal(view.as_stored(view.weights), values)
    assert view.bias is None


def test_what_is_not_a_matrix_of_constants_has_no_view() -> None:
    net = Network(shape=(6, 6, 4))
    model = tflite.read(net.finish(y=net.unary("RELU", net.conv(net.x, random(4, 1, 1, 4)))))
    conv, relu = tflite.operators(model)
    assert matrices.view(model, conv) is not None
    assert matrices.view(model, relu) is None
    # A dense layer whose weights another input gives.
    net = Network(shape=(5,))
    weights = net.input("w", (5,))
    y = net.dense(net.x, weights)
    model = tflite.read(net.finish(y=y))
    (op,) = tflite.operators(model)
    assert matrices.view(model, op) is None
    # Sizes that are unknown: no places can be counted.
    net = Network(shape=(6, 6, 4))
    model = tflite.read(net.finish(y=net.conv(net.x, random(4, 1, 1, 4))))
    model.subgraphs[0].tensors[net.x].shapeSignature = [-1, 6, 6, 4]
    (op,) = tflite.operators(model)
    assert matrices.view(model, op) is None
