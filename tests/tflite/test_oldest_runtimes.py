"""The table of oldest runtimes, held against runtimes."""

from __future__ import annotations

from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.core.records import Target
from edgekit.tflite import enums, oldest_runtimes, versions
from edgekit.tflite.version_rules import RULES
from tests.tflite.old_runtime import ask


def one_operator_file(operator: str, version: int) -> bytes:
    """A file that names one operator and uses none: runtimes look it up all the same."""
    from ai_edge_litert import schema_py_generated as generated

    number = enums.operator_numbers()[operator]
    code = generated.OperatorCodeT(min(number, 127), None, version, number)
    tensor = generated.TensorT(shape=[1], name=b"x")
    graph = generated.SubGraphT(tensors=[tensor], inputs=[0], outputs=[0], operators=[])
    return tflite.to_bytes(
        generated.ModelT(
            version=3, operatorCodes=[code], subgraphs=[graph], buffers=[generated.BufferT()]
        )
    )


def test_litert_knows_every_version_that_a_rule_can_ask_for() -> None:
    from ai_edge_litert.interpreter import Interpreter

    asked = {(name, version) for name, rules in RULES.items() for version, _ in rules}
    for name, version in sorted(asked):
        assert oldest_runtimes.oldest(name, version), name
        Interpreter(model_content=one_operator_file(name, version))


@pytest.mark.tflite_runtime
def test_the_table_of_oldest_runtimes_is_right_at_2_14(
    tflite_runtime: Target, tmp_path: Path
) -> None:
    said = {}
    for name, runtimes in oldest_runtimes.OLDEST.items():
        for version in range(1, len(runtimes) + 2):
            if (name, version) == ("BROADCAST_TO", 1):
                continue  # withdrawn: no runtime has it
            path = tmp_path / f"{name}.{version}.tflite"
            path.write_bytes(one_operator_file(name, version))
            needs = versions.parts(oldest_runtimes.oldest(name, version))
            said[str(path)] = needs <= (2, 14, 0)
    answers = ask(tflite_runtime, [Path(path) for path in said])
    missing = ("Didn't find op", "builtin_code out of range")
    assert {path: not any(m in str(answers[path]) for m in missing) for path in said} == said


@pytest.mark.parametrize(
    ("operator", "version", "runtime"),
    [
        ("CONV_2D", 1, "1.5.0"),
        ("CONV_2D", 8, "2.15.0"),
        ("CONV_2D", 9, oldest_runtimes.NEWER),  # beyond the table
        ("FULLY_CONNECTED", 12, "2.17.0"),
        ("FULLY_CONNECTED", 0, oldest_runtimes.NEWER),  # no version
        ("UNHEARD_OF", 1, oldest_runtimes.FORMAT),
        ("UNHEARD_OF", 2, oldest_runtimes.NEWER),
    ],
)
def test_the_oldest_runtime_of_a_version(operator: str, version: int, runtime: str) -> None:
    assert oldest_runtimes.oldest(operator, version) == runtime


def test_later_versions_never_need_older_runtimes_and_every_name_is_an_operator() -> None:
    numbers = enums.operator_numbers()
    for name, runtimes in oldest_runtimes.OLDEST.items():
        found = [versions.parts(runtime) for runtime in runtimes]
        assert found == sorted(found), name
        assert name in numbers
