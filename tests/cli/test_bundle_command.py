"""`edgekit bundle`: where bundles go, and what is said of their self-tests."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from edgekit.cli.bundle_command import bundle as command
from edgekit.cli.bundle_command import self_test_lines
from edgekit.core.bundle_record import (
    Bundle,
    BundledModel,
    ColumnError,
    Difference,
    Golden,
    GoldenTensor,
    Tolerance,
    Trial,
)
from edgekit.core.records import Contract, Limits
from edgekit.pipeline.bundle import bundle as pipeline
from tests.cli.commands import invoke

X = GoldenTensor(role="input", name="x", dtype="float32", shape=(1, 2), offset=0, num_bytes=8)
Y = GoldenTensor(
    role="output",
    name="y",
    dtype="float32",
    shape=(1, 2),
    offset=8,
    num_bytes=8,
    tolerance=Tolerance(worst=0.00123, rms=0.0005, agreement=0.875),
)
TRIALS = (
    Trial(
        runtime="litert",
        version="2.1",
        kernels="reference",
        differences=(
            Difference(output="y", worst=0.0003, rms=0.0001, agreement=1.0),
            Difference(output="z", worst=0.0002, rms=0.0001, agreement=0.9),
        ),
    ),
    Trial(runtime="tflite-runtime", version="2.14.0", kernels="default", left_out="It crashed."),
)


def bundled(*tensors: GoldenTensor, trials: tuple[Trial, ...] = ()) -> Bundle:
    golden = Golden(
        file="net.golden.bin",
        sha256="0",
        num_bytes=16,
        num_samples=1,
        sample_bytes=16,
        tensors=tensors,
        trials=trials,
    )
    model = BundledModel(
        variant="float32",
        file="net.float32.tflite",
        sha256="0",
        size_bytes=1,
        oldest_runtime="2.3.0",
        contract=Contract(inputs=(), outputs=()),
        golden=golden,
    )
    return Bundle(name="net", edgekit="0", models=(model,))


def test_self_tests_say_what_they_allow_and_why():
    assert list(self_test_lines(bundled(X, Y, trials=TRIALS))) == [
        "self-test of float32, y: worst difference 0.00123, root mean square 0.0005, "
        "agreement at least 0.875",
        "  litert 2.1, reference kernels: worst difference 0.0003, agreement 0.9",
        "  tflite-runtime 2.14.0, default kernels: left out: It crashed.",
    ]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    seen: dict[str, Any] = {}

    def bundle(files: tuple[Path, ...], destinations: dict[str, Path], **how: Any) -> Bundle:
        seen.update(how, files=files, destinations=destinations)
        return bundled(X, Y)

    monkeypatch.setattr(pipeline, "bundle", bundle)
    return seen


def test_platforms_that_are_named_get_a_bundle(asked):
    result = invoke(
        command, "a.tflite", "--c", "out/c", "--python", "out/p", "--name", "Net", "--force"
    )
    assert asked["files"] == (Path("a.tflite"),)
    assert asked["destinations"] == {"c": Path("out/c"), "python": Path("out/p")}
    assert (asked["name"], asked["force"], asked["limits"]) == ("Net", True, Limits())
    first, second, third = result.stdout.splitlines()
    assert (first, second) == ("c: out/c", "python: out/p")
    assert third.startswith("self-test of float32, y: ")


def test_each_group_of_columns_says_what_it_allows():
    columns = (
        ColumnError(start=0, stop=4, worst=8.0, rms=0.5),
        ColumnError(start=4, stop=7, worst=0.004, rms=0.001),
    )
    apart = replace(Y, tolerance=Tolerance(worst=8.0, rms=0.5, columns=columns))
    assert list(self_test_lines(bundled(X, apart))) == [
        "self-test of float32, y, columns 0 to 3: worst difference 8, root mean square 0.5",
        "self-test of float32, y, columns 4 to 6: worst difference 0.004, root mean square 0.001",
    ]


def test_json_is_the_contract(asked):
    payload = json.loads(invoke(command, "a.tflite", "--ios", "out", "--json").stdout)
    assert payload["models"][0]["golden"]["tensors"][1]["tolerance"]["agreement"] == 0.875
    assert asked["destinations"] == {"ios": Path("out")} and asked["force"] is False
