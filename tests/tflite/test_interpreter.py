"""A model run in this process: real units in and out, open sizes, and what LiteRT refuses."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core.errors import QuantizeError
from edgekit.tflite.interpreter import Interpreter, run
from tests.house.source import ROOT

RNG = np.random.default_rng(0)


def content(name: str) -> bytes:
    return (ROOT / "tests" / "models" / f"{name}.tflite").read_bytes()


def test_values_are_real_ones_in_and_out():
    x = RNG.uniform(-1, 1, (5, 6, 6, 4)).astype(np.float32)
    [exact], [rounded] = (
        list(run(tflite.read(content(f"add.{kind}")), {"x": x}).values())
        for kind in ("float32", "int8")
    )
    assert exact.shape == (5, 1, 6, 6, 4)
    np.testing.assert_allclose(exact[:, 0], x + np.maximum(x, 0), rtol=1e-6)
    assert rounded.dtype == np.float32
    np.testing.assert_allclose(rounded, exact, atol=0.1)


def test_any_tensor_can_be_read_and_the_model_stays():
    model = tflite.read(content("add.float32"))
    before = tflite.to_bytes(model)
    relu = next(op for op in tflite.operators(model) if op.name == "RELU")
    x = RNG.normal(size=(2, 6, 6, 4)).astype(np.float32)
    got = run(model, {"x": x}, {"relu": relu.outputs[0].index})["relu"]
    np.testing.assert_array_equal(got[:, 0], np.maximum(x, 0))
    assert tflite.to_bytes(model) == before


def test_a_size_that_the_file_leaves_open_is_the_samples():
    model = tflite.read(content("add.float32"))
    for raw in model.subgraphs[0].tensors:
        raw.shape, raw.shapeSignature = [1, 1, 1, 4], [1, -1, -1, 4]
    x = RNG.normal(size=(3, 2, 5, 4)).astype(np.float32)
    [got] = run(model, {"x": x}).values()
    np.testing.assert_allclose(got[:, 0], x + np.maximum(x, 0), rtol=1e-6)


def test_an_input_keeps_its_value_until_it_is_fed_again():
    runner = Interpreter(content("softmax.float32"), num_threads=1)
    runner.allocate()
    [shape] = runner.shapes
    runner.set(0, np.zeros(shape, np.float32))
    first, second = runner.outputs(), runner.outputs()
    np.testing.assert_allclose(first[0], 1 / 12, rtol=1e-6)
    np.testing.assert_array_equal(first[0], second[0])


def test_what_litert_refuses_is_said():
    model = tflite.read(content("add.float32"))
    model.operatorCodes[0].version = 99
    with pytest.raises(QuantizeError, match="samples"):
        run(model, {"x": np.zeros((1, 6, 6, 4), np.float32)})
