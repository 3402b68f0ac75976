"""One operator on activations from somewhere else, and what a model holds at once."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.diagnose.single_operator import SingleOperator, live_bytes
from tests.quantize import tiny_models as tiny


def test_an_operator_computes_what_it_is_given() -> None:
    net = tiny.Network(shape=(4,))
    weights = tiny.random(5, 4)
    y = net.unary("TANH", net.dense(net.x, weights))
    model = tflite.read(net.finish(y=y))
    single = SingleOperator(model, 3)
    dense, tanh = single.operators
    x = tiny.random(3, 4, seed=2)
    [found] = single.run_single(dense, {dense.inputs[0].index: x})
    np.testing.assert_allclose(found[:, 0], x @ weights.T, rtol=1e-5)
    # Not what the model would compute there, but what it is given.
    other = tiny.random(3, 5, seed=3)
    [found] = single.run_single(tanh, {tanh.inputs[0].index: other})
    np.testing.assert_allclose(found[:, 0], np.tanh(other), atol=1e-5)


def test_weights_behind_a_cast_need_not_be_given() -> None:
    net = tiny.Network(shape=(4,))
    weights = tiny.random(5, 4)
    content = net.finish(y=net.dense(net.x, weights))
    model = tflite.read(tiny.plain(content, recipes.get("float16"), {}))
    single = SingleOperator(model, 2)
    dense = next(op for op in single.operators if op.name == "FULLY_CONNECTED")
    assert not dense.operands[1].is_constant
    x = tiny.random(2, 4)
    [found] = single.run_single(dense, {dense.inputs[0].index: x})
    np.testing.assert_allclose(found[:, 0], x @ weights.astype("f2").astype("f4").T, rtol=1e-4)


def test_quantized_activations_are_given_and_come_back_in_real_units() -> None:
    net = tiny.Network(shape=(4,))
    weights = tiny.random(5, 4)
    x = tiny.random(16, 4)
    content = tiny.plain(
        net.finish(y=net.dense(net.x, weights)), recipes.get("static_wi8_ai8"), {"x": x}
    )
    single = SingleOperator(tflite.read(content), 16)
    dense = next(op for op in single.operators if op.name == "FULLY_CONNECTED")
    [found] = single.run_single(dense, {dense.inputs[0].index: x})
    step = dense.outputs[0].scale[0]
    assert np.abs(found[:, 0] - x @ weights.T).max() < 4 * step
    np.testing.assert_allclose(found / step, np.rint(found / step), atol=1e-3)


@pytest.mark.parametrize("branch", [False, True])
def test_the_most_that_is_held_at_once(branch: bool) -> None:
    net = tiny.Network(shape=(4,))
    wide = net.dense(net.x, tiny.random(100, 4))
    narrow = net.dense(wide, tiny.random(2, 100))
    end = net.dense(narrow, tiny.random(4, 2))
    outputs = {"y": net.add(end, net.x)} if branch else {"y": end}
    # While the wide one becomes narrow both are there, and with them what is read later.
    assert live_bytes(tflite.read(net.finish(**outputs))) == 4 * (
        max(4 + 100, 100 + 2) if not branch else 4 + 100 + 2
    )


def test_an_output_is_held_to_the_end() -> None:
    net = tiny.Network(shape=(4,))
    first = net.dense(net.x, tiny.random(100, 4))
    second = net.dense(first, tiny.random(100, 100))
    third = net.dense(second, tiny.random(100, 100))
    assert live_bytes(tflite.read(net.finish(y=third, first=first))) == 4 * 300
