"""What runtimes say when they refuse a file, as errors that name it."""

from __future__ import annotations

import sys

import pytest

from edgekit.runtimes.worker.worker_runtime import import_runtime, translate
from edgekit.runtimes.worker.worker_tensors import Failure


@pytest.mark.parametrize(
    ("text", "kind", "received"),
    [
        (
            "Didn't find op for builtin opcode 'GATHER' version '99'. An older version of this",
            "UnsupportedOperator",
            "GATHER version 99; litert has only older versions of it",
        ),
        (
            "Encountered unresolved custom op: Erf. See instructions: https://",
            "UnsupportedOperator",
            "Erf (a custom operator)",
        ),
        (
            "Select TensorFlow op(s), included in the given model. Node number 0 (FlexErf) failed",
            "UnsupportedOperator",
            "FlexErf (an operator of TensorFlow itself)",
        ),
        (
            "Op builtin_code out of range: 300. Are you using old TFLite binary",
            "UnsupportedOperator",
            "Op builtin_code out of range: 300. Are you using old TFLite binary",
        ),
        (
            "Model provided has model identifier '\x01abc', should be 'TFL3'",
            "ModelError",
            "Model provided has model identifier '?abc', should be 'TFL3'",
        ),
        ("Node number 3 (CONV_2D) failed to prepare.", "RunError", None),
    ],
)
def test_errors_name_the_file_and_what_is_lacking(
    text: str, kind: str, received: str | None
) -> None:
    payload = translate(ValueError(text), "/some/where/net.tflite", "litert").payload
    assert payload["type"] == kind
    assert "net.tflite" in str(payload["rule"])
    assert "/some" not in str(payload["rule"])
    assert payload["received"] == (received or text)


def test_the_interpreter_comes_with_the_version_of_its_package() -> None:
    interpreter, version = import_runtime("litert")
    assert interpreter.__module__ == "ai_edge_litert.interpreter"
    assert version[0].isdigit()


def test_a_runtime_that_is_not_there_is_an_environment_failure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    with pytest.raises(Failure, match="could not be imported") as caught:
        import_runtime("litert")
    assert caught.value.payload["type"] == "EnvironmentFailure"
