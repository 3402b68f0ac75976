"""What the quantizing stage is asked and answers survives the way to a child and back."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

from edgekit.core import recipes, serde
from edgekit.core.records import (
    Candidate,
    Contract,
    Kept,
    LayerError,
    Override,
    Skipped,
    TensorSpec,
)
from edgekit.quantize.quantize_messages import (
    ApplyTrainedRequest,
    LayerErrorsRequest,
    LayerErrorsResult,
    QuantizedFile,
    QuantizeRequest,
    QuantizeResult,
    Trainable,
    WrittenFile,
)
from tests.quantize.test_candidates import how

SPEC = TensorSpec(name="x", shape=(1, 3), dtype="int8", scale=(0.5,), zero_point=(-3,))
CONTRACT = Contract(inputs=(SPEC,), outputs=(SPEC,))
INT8 = recipes.get("static_wi8_ai8", "int8")
WRITTEN = WrittenFile(
    path=Path("a.tflite"),
    sha256="a",
    size_bytes=2**40,
    compressed_bytes=1,
    contract=CONTRACT,
    oldest_runtime="2.3.0",
    skipped=(Skipped(layer="l", operator="RFFT", reason="no kernel"),),
    kept=(Kept(layer="l", operator="CONV_2D", recipe="float32", reason="asked for"),),
)
FILE = QuantizedFile(written=WRITTEN, prepared=Path("p.npz"), seconds=0.25)
FULL = replace(
    FILE,
    candidates=(Candidate(name="gptq", sqnr_db=math.inf, chosen=True),),
    equalized={"conv/Relu": (1, -2, 0)},
    trainable=Trainable(source=Path("s.tflite"), grid=Path("g.npz")),
)


@pytest.mark.parametrize(
    "record",
    [
        QuantizeResult(files=(FILE, FULL)),
        QuantizeRequest(
            float_file=Path("f"),
            folder=Path("."),
            name="net",
            contract=CONTRACT,
            recipes=(
                recipes.get("float32"),
                how(INT8, overrides=(Override(layers="conv.*", recipe="float32"),)),
            ),
        ),
        ApplyTrainedRequest(
            file=FULL, trained=Path("t"), recipe=INT8, contract=CONTRACT, name="net"
        ),
        LayerErrorsRequest(float_file=Path("f"), quantized=Path("q"), samples=Path("s")),
        LayerErrorsRequest(
            float_file=Path("f"), quantized=Path("q"), samples=Path("s"), equalized={}
        ),
        LayerErrorsResult(
            errors=(
                LayerError(
                    layer="l",
                    operator="ADD",
                    tensor="t",
                    scheme="int8",
                    local_sqnr_db=math.inf,
                    output_sqnr_db=-math.inf,
                ),
            ),
            num_samples=64,
        ),
    ],
    ids=lambda record: type(record).__name__,
)
def test_records_come_back_as_they_went(record):
    plain = json.loads(json.dumps(serde.to_dict(record)))
    assert serde.from_dict(type(record), plain) == record
