"""Files as they are written: aligned, the same each time, below the format's limit."""

from __future__ import annotations

import copy
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from edgekit import tflite
from edgekit.compat import litert
from edgekit.core.errors import ModelError
from edgekit.tflite import metadata
from edgekit.tflite.sharing_builder import SharingBuilder

MODELS = Path(__file__).parents[1] / "models"


FILES = sorted(MODELS.glob("*.tflite"))


CONV = (MODELS / "conv_2d.int8.tflite").read_bytes()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_fixture_survives_reading_and_writing(path: Path) -> None:
    model = tflite.read(path)
    content = tflite.to_bytes(model)
    again = tflite.read(content)
    assert [op.name for op in tflite.operators(again)] == [
        op.name for op in tflite.operators(model)
    ]
    assert tflite.to_bytes(again) == content


def test_weights_lie_at_multiples_of_16_bytes() -> None:
    content = tflite.to_bytes(tflite.read(CONV))
    model = tflite.read(content)
    checked = 0
    for tensor in tflite.tensors(model):
        if tensor.weight_bytes >= 16:
            data = bytes(model.buffers[tensor.buffer].data)
            assert content.index(data) % 16 == 0
            checked += 1
    assert checked >= 2


def test_equal_vectors_and_names_are_written_once() -> None:
    model = tflite.read(CONV)
    tensors = model.subgraphs[0].tensors
    zero_points = np.arange(1000, 1064, dtype=np.int64)
    before = len(tflite.to_bytes(model))
    for tensor in tensors:
        tensor.quantization.zeroPoint = zero_points.copy()
        tensor.name = b"a name that several tensors have, as files of other makers may"
    content = tflite.to_bytes(model)
    assert content.count(zero_points.tobytes()) == 1
    assert content.count(tensors[0].name) == 1
    assert len(content) < before + 2 * zero_points.nbytes
    for tensor in tflite.read(content).subgraphs[0].tensors:
        np.testing.assert_array_equal(tensor.quantization.zeroPoint, zero_points)


@given(
    st.lists(
        hnp.arrays(st.sampled_from(["<i1", "<i4", "<f4", "<i8"]), st.integers(0, 5)), max_size=12
    )
)
def test_vectors_are_read_as_they_were_written(vectors: list[np.ndarray]) -> None:
    builder = SharingBuilder(1)
    positions = [builder.CreateNumpyVector(vector) for vector in vectors]
    builder.StartVector(4, len(positions), 4)
    for position in reversed(positions):
        builder.PrependUOffsetTRelative(position)
    builder.Finish(builder.EndVector())
    content = builder.Output()
    for number, vector in enumerate(vectors):
        root = int.from_bytes(content[:4], "little")
        field = root + 4 + 4 * number
        at = field + int.from_bytes(content[field : field + 4], "little")
        assert int.from_bytes(content[at : at + 4], "little") == vector.size
        assert (at + 4) % vector.itemsize == 0
        assert content[at + 4 : at + 4 + vector.nbytes] == vector.tobytes()


def test_vectors_of_other_elements_are_not_shared() -> None:
    builder = SharingBuilder(64)
    positions = []
    for size, count in ((1, 4), (4, 1)):  # the same bytes, with the same alignment
        builder.StartVector(size, count, 4)
        for _ in range(count):
            (builder.PrependUint8 if size == 1 else builder.PrependUint32)(0)
        positions.append(builder.EndVector())
    assert positions[0] != positions[1]


def test_vectors_of_offsets_are_not_shared() -> None:
    builder = SharingBuilder(64)
    names = [builder.CreateString("first"), builder.CreateString("second")]
    lists = []
    for name in names:
        builder.StartVector(4, 1, 4)
        builder.PrependUOffsetTRelative(name)
        lists.append(builder.EndVector())
    assert lists[0] != lists[1]


def test_what_passes_two_gibibytes_is_refused_before_it_is_written() -> None:
    model = tflite.read(CONV)
    huge = np.lib.stride_tricks.as_strided(np.zeros(1, np.uint8), (2**31,), (0,))  # holds a byte
    model.buffers[-1].data = huge
    with pytest.raises(ModelError) as caught:
        tflite.to_bytes(model)
    assert caught.value.received.startswith("2.00 GiB")


def test_a_contract_without_the_models_input_is_refused_by_name() -> None:
    contract = tflite.contract(CONV)
    with pytest.raises(ModelError) as caught:
        tflite.finish(CONV, contract=replace(contract, inputs=()), name="m", description="d")
    assert caught.value.received == "no x; it has none"


def test_an_input_that_the_signature_leaves_out_keeps_its_place() -> None:
    model = tflite.read(MODELS / "add.float32.tflite")
    graph = model.subgraphs[0]
    other = copy.deepcopy(graph.tensors[graph.inputs[0]])
    graph.tensors.append(other)
    graph.inputs = [len(graph.tensors) - 1, *graph.inputs]
    content = tflite.to_bytes(model)
    done = tflite.finish(content, contract=tflite.contract(content), name="m", description="d")
    written = tflite.read(done)
    entry = next(e for e in written.metadata if e.name == metadata.NAME.encode())
    parsed = metadata.parse(bytes(written.buffers[entry.buffer].data))
    assert parsed is not None
    assert [note.name for note in parsed.inputs] == ["input_0", "x"]


def test_label_files_are_stored_behind_the_model_whatever_the_system(tmp_path: Path) -> None:
    content = (MODELS / "softmax.float32.tflite").read_bytes()
    contract = tflite.contract(content)
    labelled = replace(contract.outputs[0], labels=("a", "b"))
    done = tflite.finish(
        content, contract=replace(contract, outputs=(labelled,)), name="m", description="d"
    )
    (tmp_path / "m.tflite").write_bytes(done)
    with zipfile.ZipFile(tmp_path / "m.tflite") as archive:
        (entry,) = archive.infolist()
    assert entry.compress_type == zipfile.ZIP_STORED
    assert (entry.create_system, entry.date_time) == (3, (1980, 1, 1, 0, 0, 0))


def test_without_sharing_every_vector_has_bytes_of_its_own() -> None:
    model = tflite.read((MODELS / "conv_2d.float32.tflite").read_bytes())
    zero_points = np.arange(1000, 1064)
    for tensor in model.subgraphs[0].tensors:
        tensor.quantization = litert.schema().QuantizationParametersT(zeroPoint=zero_points)
    count = len(model.subgraphs[0].tensors)
    assert tflite.to_bytes(model, sharing=False).count(zero_points.tobytes()) == count
    assert tflite.to_bytes(model).count(zero_points.tobytes()) == 1
