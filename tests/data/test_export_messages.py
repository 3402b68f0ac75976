"""What the exporter is asked and answers survives the way to a child and back."""

from __future__ import annotations

import json
from pathlib import Path

from edgekit.core import serde
from edgekit.core.records import Contract, Limits, TensorSpec
from edgekit.data.export_messages import (
    EXPORT,
    IMPORT,
    DrawRequest,
    Exported,
    ExportRequest,
    SampleFacts,
)

DRAW = DrawRequest(
    golden_samples=8,
    calibration_samples=200,
    golden_out=Path("g.npz"),
    calibration_out=Path("c.npz"),
    training_out=Path("t.npz"),
)
SPEC = TensorSpec(name="x", shape=(1, -1), dtype="float32")


def through_json(record):
    return serde.from_dict(type(record), json.loads(json.dumps(serde.to_dict(record))))


def test_a_request_of_nothing_special_asks_for_made_up_samples():
    request = ExportRequest(model=Path("m.keras"), draw=DRAW, out=Path("float.tflite"))
    assert through_json(request) == request
    assert (DRAW.calibration, DRAW.training, DRAW.calibrates, DRAW.judges) == (None, None, False, 0)
    assert DRAW.memory_bytes == Limits().memory_bytes


def test_shapes_and_ranges_keep_their_numbers():
    request = ExportRequest(
        model=Path("m"), draw=DRAW, out=Path("f"), input_shapes={"x": (1, 5), "y": (1,)}
    )
    assert through_json(request).input_shapes == {"x": (1, 5), "y": (1,)}
    exported = Exported(
        contract=Contract(inputs=(SPEC,), outputs=(SPEC,)),
        samples=SampleFacts(golden="data", calibration_ranges={"x": (-0.1, 1e-30)}),
        seconds={"load": 0.25},
    )
    assert through_json(exported) == exported


def test_both_ways_to_begin_ask_and_answer_alike():
    assert (EXPORT.request, EXPORT.result) == (IMPORT.request, IMPORT.result)
