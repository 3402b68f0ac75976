"""`contract.json` is these records: it survives being written and read, and has a number."""

from __future__ import annotations

import dataclasses
import json

import pytest

from edgekit.core import serde
from edgekit.core.bundle_record import (
    FORMAT_VERSION,
    Bundle,
    BundledModel,
    Difference,
    Golden,
    GoldenLabels,
    GoldenRaw,
    GoldenTensor,
    Tolerance,
    Trial,
)
from edgekit.core.records import Contract, TensorSpec

GOLDEN = Golden(
    file="digits.golden.bin",
    sha256="1" * 64,
    num_bytes=300,
    num_samples=2,
    sample_bytes=104,
    tensors=(
        GoldenTensor(
            role="input", name="x", dtype="float32", shape=(1, 4, 4), offset=0, num_bytes=64
        ),
        GoldenTensor(
            role="output",
            name="y",
            dtype="float32",
            shape=(1, 10),
            offset=64,
            num_bytes=40,
            tolerance=Tolerance(worst=1e-6, rms=0.0, agreement=1.0),
        ),
    ),
    raw=(
        GoldenRaw(
            input="x",
            dtype="uint8",
            shape=(4, 4, 3),
            offset=208,
            num_bytes=48,
            stride=1,
            expected_offset=256,
            expected_num_bytes=64,
        ),
    ),
    labels=(GoldenLabels(output="y", offset=256, num_bytes=20),),
    trials=(
        Trial(
            runtime="litert",
            version="2.3.0",
            kernels="reference",
            differences=(Difference(output="y", worst=1e-7, rms=1e-8),),
        ),
        Trial(runtime="tflite-runtime", version="2.14.0", kernels="builtin", left_out="refuses"),
    ),
)
BUNDLE = Bundle(
    name="digits",
    edgekit="0.1.0",
    models=(
        BundledModel(
            variant="float32",
            file="digits.tflite",
            sha256="0" * 64,
            size_bytes=1234,
            oldest_runtime="1.5.0",
            contract=Contract(
                inputs=(TensorSpec(name="x", shape=(1, 4, 4), dtype="float32"),),
                outputs=(TensorSpec(name="y", shape=(1, 10), dtype="float32"),),
            ),
            golden=GOLDEN,
        ),
    ),
)


def test_a_bundle_written_as_json_is_read_back_as_it_was() -> None:
    text = serde.dumps(BUNDLE)
    assert serde.loads(Bundle, text) == BUNDLE
    assert json.loads(text)["format_version"] == FORMAT_VERSION


def test_generated_code_reads_these_names() -> None:
    (model,) = json.loads(serde.dumps(BUNDLE))["models"]
    output = model["golden"]["tensors"][1]
    assert output["tolerance"] == {"worst": 1e-6, "rms": 0.0, "agreement": 1.0}
    assert model["golden"]["raw"][0]["expected_offset"] == 256
    assert model["golden"]["trials"][1]["left_out"] == "refuses"


@pytest.mark.parametrize("record", [BUNDLE, GOLDEN, Tolerance()])
def test_records_cannot_be_changed(record: object) -> None:
    first = dataclasses.fields(record)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(record, first, "another")
