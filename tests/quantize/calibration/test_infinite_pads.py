"""Padding with minus infinity before a maximum: static files hold what is pooled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core import recipes
from edgekit.data.samples import Samples
from edgekit.quantize import stage
from edgekit.quantize.calibration import infinite_pads
from edgekit.quantize.quantize_messages import QuantizeRequest
from edgekit.tflite import interpreter, signal
from tests.quantize.imported.drawn_files import File, random


def pooled(relu: bool, *, read_twice: bool = False) -> tflite.Model:
    """A convolution, as PyTorch pools it: padded with -inf by 1, windows of 3, every second."""
    file = File()
    file.graph()
    x = file.input("x", (1, 8, 8, 4))
    options = schema.Conv2DOptionsT(strideW=1, strideH=1, dilationWFactor=1, dilationHFactor=1)
    options.fusedActivationFunction = schema.ActivationFunctionType.RELU if relu else 0
    weights = [file.constant("w", random(6, 3, 3, 4) / 4), file.constant("b", random(6) / 10)]
    y = file.op("CONV_2D", [x, *weights], [file.tensor("conv", (1, 8, 8, 6))], options)
    by = file.constant("by", np.array([[0, 0], [1, 1], [1, 1], [0, 0]], np.int32))
    infinite = file.constant("infinite", np.array(-np.inf, np.float32))
    padded = file.tensor("padded", (1, 10, 10, 6))
    file.op("PADV2", [y, by, infinite], [padded], schema.PadV2OptionsT())
    pool = schema.Pool2DOptionsT(padding=1, strideW=2, strideH=2, filterWidth=3, filterHeight=3)
    out = file.op("MAX_POOL_2D", [padded], [file.tensor("pool", (1, 4, 4, 6))], pool)
    file.output(*([out, padded] if read_twice else [out]))
    model = file.model()
    tflite.ensure_signature(model)
    return model


@pytest.mark.parametrize("relu", [False, True])
def test_a_static_file_pools_what_the_float_one_does(relu: bool, tmp_path: Path) -> None:
    model = pooled(relu)
    (tmp_path / "float.tflite").write_bytes(tflite.to_bytes(model))
    x = random(60, 8, 8, 4)
    Samples(inputs={"x": x}).save(tmp_path / "calibration.npz")
    made = stage.run(
        QuantizeRequest(
            float_file=tmp_path / "float.tflite",
            folder=tmp_path,
            name="m",
            contract=tflite.contract(model),
            recipes=(recipes.get("float32"), recipes.get("static_wi8_ai8")),
            calibration=tmp_path / "calibration.npz",
        ),
        lambda line: None,
    )
    wanted, found = (
        interpreter.run(tflite.read(file.written.path), {"x": x[:20]})["pool"]
        for file in made.files
    )
    assert signal.sqnr_db(wanted, found) > 35


def test_the_copy_computes_the_same_on_the_samples_and_the_model_stays() -> None:
    model = pooled(relu=False)
    before = tflite.to_bytes(model)
    x = random(10, 8, 8, 4)
    copy = infinite_pads.limited(model, {"x": x})
    [pad] = [op for op in tflite.operators(copy) if op.name == "PADV2"]
    assert np.isfinite(tflite.constant(copy, pad.inputs[2])).all()
    wanted, found = (interpreter.run(m, {"x": x})["pool"] for m in (model, copy))
    np.testing.assert_array_equal(wanted, found)
    assert tflite.to_bytes(model) == before


def test_infinities_that_others_read_stay() -> None:
    model = pooled(relu=False, read_twice=True)
    assert infinite_pads.limited(model, {"x": random(3, 8, 8, 4)}) is model
