"""The terminal's view of one `.tflite`: tensors, operators, weights, delegation."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.core.records import Delegation, TensorSpec
from edgekit.report import inspection_table

MODELS = Path(__file__).parents[1] / "models"
WHOLE = Delegation(runtime="litert 2.3.0", partitions=1, num_ops=3)


@pytest.fixture
def found() -> tflite.Inspection:
    return tflite.inspect(MODELS / "conv_2d.int8.tflite")


def shown(found: tflite.Inspection, delegation: Delegation, capsys) -> list[str]:
    inspection_table.show(found, delegation)
    return capsys.readouterr().out.splitlines()


def rows(lines: list[str], title: str) -> list[list[str]]:
    start = next(n for n, line in enumerate(lines) if line.strip() == title)
    table = []
    for line in lines[start + 2 :]:
        if line.startswith("└"):
            break
        if "│" in line:
            table.append([cell.strip() for cell in line.strip("│").split("│")])
    return table


def test_inputs_operators_and_weights_have_a_row_each(found, capsys) -> None:
    lines = shown(found, WHOLE, capsys)
    side, name, shape, dtype, scale, zero = rows(lines, "inputs and outputs")[0]
    assert (side, name, shape, dtype) == ("in", "x", "1x6x6x4", "float32")
    assert (scale, zero) == ("-", "-")
    assert ["CONV_2D", "3", "1", "320 B", "1.14.0"] in rows(lines, "operators")
    largest = rows(lines, "largest weights")
    assert [row[2:] for row in largest] == [["8x3x3x4", "int8", "288 B"], ["8", "int32", "32 B"]]
    assert "1 tensors are int8, per_channel" in lines
    assert "litert 2.3.0: 3 operators, 1 partition in accelerated kernels" in lines


def test_what_a_tensor_stores_is_told(found, capsys) -> None:
    specs = (
        TensorSpec(name="q", shape=(-1, 4), dtype="int8", scale=(0.123456789,), zero_point=(-3,)),
        TensorSpec(name="s", shape=(), dtype="int16", scale=(0.5,)),
    )
    lines = shown(replace(found, inputs=specs, outputs=()), WHOLE, capsys)
    assert rows(lines, "inputs and outputs") == [
        ["in", "q", "?x4", "int8", "0.123457", "-3"],
        ["in", "s", "scalar", "int16", "0.5", "0"],
    ]


def test_notes_and_a_file_that_cannot_be_prepared(found, capsys) -> None:
    bare = replace(found, description="", needed_runtime="", notes=("look here",))
    lines = shown(replace(bare, largest_weights=(), quantized=()),
                  Delegation(runtime="litert", failure="no kernel"), capsys)  # fmt: skip
    assert lines[0].endswith("no description")
    assert lines[1].endswith("oldest runtime unknown")
    assert "litert cannot prepare it: no kernel" in lines
    assert "Note: look here" in lines
    assert not any("largest weights" in line or "tensors are" in line for line in lines)


def test_a_name_from_the_file_is_no_command(found, capsys) -> None:
    hostile = TensorSpec(name="[red]x\x1b[2J", shape=(1,), dtype="float32")
    text = "\n".join(shown(replace(found, inputs=(hostile,)), WHOLE, capsys))
    assert "[red]x\\x1b[2J" in text
    assert "\x1b" not in text
