"""float16 and sparse constants become float32 that holds the same values."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.quantize.imported import widen_weights
from tests.quantize.imported.drawn_files import DENSE, STORED, File, random, run, sparsity

Fixture = Callable[[str], Path]


def sparse(dtype: str) -> File:
    """`x + DENSE`, of which only what is no zero is stored."""
    file = File()
    file.graph()
    x = file.input("x", (1, 3, 3))
    stored = file.constant("w", STORED.astype(dtype), ((3, 3), sparsity()))
    w = file.op(
        "DENSIFY", [stored], [file.tensor("dense", (3, 3), dtype)], schema.DensifyOptionsT()
    )
    if dtype == "float16":
        options = schema.DequantizeOptionsT()
        w = file.op("DEQUANTIZE", [w], [file.tensor("wide", (3, 3))], options)
    file.output(file.binary("ADD", x, w, "y", (1, 3, 3)))
    return file


@pytest.mark.parametrize("name", ["conv_2d", "depthwise_conv_2d", "fully_connected"])
def test_float16_weights_compute_what_they_did(fixture_model: Fixture, name: str):
    path = fixture_model(f"{name}.float16")
    model = tflite.read(path)
    assert widen_weights.widen(model) == (2, 0)
    names = {op.name for op in tflite.operators(model)}
    assert "DEQUANTIZE" not in names
    assert {t.dtype for op in tflite.operators(model) for t in op.inputs} <= {"float32", "int32"}
    [spec] = tflite.contract(path).inputs
    x = random(*spec.shape)
    np.testing.assert_array_equal(run(model, x)[0], run(path.read_bytes(), x)[0])


@pytest.mark.parametrize(("dtype", "halves"), [("float32", 0), ("float16", 1)])
def test_sparse_constants_get_their_zeros(dtype: str, halves: int):
    model = sparse(dtype).model()
    assert widen_weights.widen(model) == (halves, 1)
    [add] = tflite.operators(model)
    np.testing.assert_array_equal(tflite.values(model, add.inputs[1]), DENSE)
    x = random(1, 3, 3)
    np.testing.assert_array_equal(run(model, x)[0], x + DENSE)


def test_a_cast_of_float16_is_widened_and_what_is_computed_stays():
    file = File()
    file.graph()
    x = file.input("x", (1, 2))
    half = file.constant("half", np.array([0.5, -65504], np.float16))
    options = schema.CastOptionsT(
        inDataType=schema.TensorType.FLOAT16, outDataType=schema.TensorType.FLOAT32
    )
    wide = file.op("CAST", [half], [file.tensor("wide", (2,))], options)
    file.output(file.binary("ADD", x, wide, "y", (1, 2)))
    model = file.model()
    assert widen_weights.widen(model) == (1, 0)
    [y] = run(model, np.zeros((1, 2), np.float32))
    np.testing.assert_array_equal(y, [[0.5, -65504]])
