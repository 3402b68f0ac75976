"""Whole files are read; every other file is a ModelError of its own."""

from __future__ import annotations

import copy
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edgekit import tflite
from edgekit.core.errors import ModelError
from edgekit.tflite import enums

MODELS = Path(__file__).parents[1] / "models"
FILES = sorted(MODELS.glob("*.tflite"))
CONV = (MODELS / "conv_2d.int8.tflite").read_bytes()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "0 bytes"),
        (b"PK\x03\x04" + bytes(50), "zip"),
        (b"\x89HDF\r\n\x1a\n" + bytes(50), "HDF5"),
        (b"version https://git-lfs.github.com/spec/v1\n", "LFS"),
        (b"<!DOCTYPE html><html>", "markup"),
        (bytes(1000), "1000 bytes"),
        (b"\x1c\0\0\0TFL3", "leads out of it"),
    ],
)
def test_other_files_are_named_for_what_they_are(content: bytes, says: str) -> None:
    with pytest.raises(ModelError) as caught:
        tflite.read(content)
    assert says in str(caught.value)
    assert caught.value.hint


def test_a_missing_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="was not found"):
        tflite.read(tmp_path / "none.tflite")
    with pytest.raises(ModelError, match="a folder"):
        tflite.read(tmp_path)


@pytest.mark.parametrize("kept", [0.1, 0.3, 0.5, 0.7, 0.9])
@pytest.mark.parametrize("name", ["conv_2d.int8", "fully_connected.float32", "rfft2d.float32"])
def test_a_file_that_is_cut_off_is_refused(name: str, kept: float) -> None:
    content = (MODELS / f"{name}.tflite").read_bytes()
    with pytest.raises(ModelError, match="cut off or damaged"):
        tflite.read(content[: int(len(content) * kept)])


@settings(max_examples=150, suppress_health_check=list(HealthCheck))
@given(st.integers(8, len(CONV) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_a_model_or_a_model_error(position: int, value: int) -> None:
    content = bytearray(CONV)
    content[position] = value
    try:
        model = tflite.read(bytes(content))
    except ModelError:
        return
    # What passed the checks can be looked at without another exception.
    for op in tflite.operators(model):
        assert op.name or op.is_custom
        for tensor in op.constants:
            assert tensor.weight_bytes > 0


def test_a_weight_of_the_wrong_size_is_refused() -> None:
    model = tflite.read(CONV)
    weight = next(t for t in tflite.tensors(model) if t.weight_bytes > 100)
    model.buffers[weight.buffer].data = model.buffers[weight.buffer].data[:-1]
    with pytest.raises(ModelError, match=f"needs {weight.weight_bytes} bytes"):
        tflite.read(tflite.to_bytes(model))


def test_an_unknown_code_that_no_operator_has_is_left_alone() -> None:
    model = tflite.read(CONV)
    model.operatorCodes.append(copy.copy(model.operatorCodes[0]))
    model.operatorCodes[-1].builtinCode = 10_000
    again = tflite.read(tflite.to_bytes(model))
    assert [op.name for op in tflite.operators(again)].count("CONV_2D") == 1


def test_a_graph_without_operators_is_one_too() -> None:
    model = tflite.read(CONV)
    model.operatorCodes, model.subgraphs[0].operators = [], []
    model.subgraphs[0].outputs = model.subgraphs[0].inputs
    assert list(tflite.operators(tflite.read(tflite.to_bytes(model)))) == []


def test_operators_of_old_files_are_not_taken_for_add() -> None:
    model = tflite.read(MODELS / "fully_connected.float32.tflite")
    for code in model.operatorCodes:
        code.builtinCode = 0  # as files from before 2020 have it
    again = tflite.read(tflite.to_bytes(model))
    assert [op.name for op in tflite.operators(again)] == ["FULLY_CONNECTED"]
    assert again.operatorCodes[0].builtinCode == enums.operator_numbers()["FULLY_CONNECTED"]


@pytest.mark.corpus
def test_real_networks_are_read_whole(corpus_items) -> None:
    files = [path for item in corpus_items for path in item.official if path.suffix == ".tflite"]
    assert files
    for path in files:
        names = _same_when_written(path)
        # Real networks are more than one kind of operator: ADD alone is a misreading.
        assert len(set(names)) > 3, path
        with pytest.raises(ModelError):
            tflite.read(path.read_bytes()[: path.stat().st_size // 2])


@pytest.mark.corpus
def test_any_file_is_read_whole_or_refused(corpus: Path) -> None:
    """Also those that are no networks: test files of one operator, of many subgraphs, of none."""
    read = 0
    for path in sorted(corpus.rglob("*.tflite")):
        try:
            tflite.read(path)
        except ModelError:
            continue
        read += 1
        _same_when_written(path)
    assert read


def _same_when_written(path: Path) -> list[str]:
    """The names of a file's operators, which are the same after it was written and read again."""
    model = tflite.read(path)
    names = [op.name for op in tflite.operators(model)]
    again = tflite.read(tflite.to_bytes(model))
    assert [op.name for op in tflite.operators(again)] == names, path
    return names
