"""What a finished file says of itself, read back without edgekit's own parser."""

from __future__ import annotations

import io
import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core.errors import ModelError
from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.tflite import metadata

MODELS = Path(__file__).parents[1] / "models"
CONV = (MODELS / "conv_2d.float32.tflite").read_bytes()
TFLITE_SUPPORT = "EDGEKIT_TFLITE_SUPPORT_PYTHON"
LABELS = (*(f"class {n}" for n in range(7)), "größer")

READ = """
import json, sys
from tflite_support import metadata
display = metadata.MetadataDisplayer.with_model_file(sys.argv[1])
print(json.dumps({
    "metadata": json.loads(display.get_metadata_json()),
    "files": {
        name: display.get_associated_file_buffer(name).decode()
        for name in display.get_packed_associated_file_list()
    },
}))
"""


def contract() -> Contract:
    image = Preprocessing(kind="image", size=(6, 5), mean=(127.5,), std=(64.0,))
    return Contract(
        inputs=(TensorSpec(name="x", shape=(1, 6, 6, 4), dtype="float32", preprocessing=image),),
        outputs=(
            TensorSpec(
                name="y",
                shape=(1, 6, 6, 8),
                dtype="float32",
                labels=LABELS,
                activation="softmax",
            ),
        ),
    )


def finish(content: bytes = CONV, said: Contract | None = None) -> bytes:
    return tflite.finish(
        content, contract=said or contract(), name="digits", description="Reads digits."
    )


def table(content: bytes, name: bytes = b"TFLITE_METADATA") -> list[bytes]:
    model = tflite.read(content)
    return [bytes(model.buffers[e.buffer].data) for e in model.metadata if e.name == name]


def field(where: Any, slot: int) -> Any:
    """The table, string or vector at a slot, with nothing but flatbuffers."""
    from flatbuffers import number_types, table

    offset = where.Offset(4 + 2 * slot)
    assert offset, f"slot {slot} is empty"
    at = where.Pos + offset
    return table.Table(where.Bytes, at + where.Get(number_types.UOffsetTFlags, at))


def entry(where: Any, slot: int, index: int = 0) -> Any:
    from flatbuffers import number_types, table

    at = where.Vector(where.Offset(4 + 2 * slot)) + 4 * index
    return table.Table(where.Bytes, at + where.Get(number_types.UOffsetTFlags, at))


def text(where: Any, slot: int) -> str:
    value: bytes = where.String(where.Pos + where.Offset(4 + 2 * slot))
    return value.decode()


def number(where: Any, slot: int, flags: str) -> Any:
    from flatbuffers import number_types

    return where.Get(getattr(number_types, flags), where.Pos + where.Offset(4 + 2 * slot))


def floats(where: Any, slot: int) -> list[float]:
    vector = where.Offset(4 + 2 * slot)
    start, count = where.Vector(vector), where.VectorLen(vector)
    return np.frombuffer(where.Bytes, "<f4", count, start).tolist()


def test_the_metadata_reads_back_with_flatbuffers_alone() -> None:
    import flatbuffers

    (content,) = table(finish())
    assert content[4:8] == b"M001"
    root = flatbuffers.table.Table(
        content, flatbuffers.encode.Get(flatbuffers.packer.uoffset, content, 0)
    )
    assert text(root, 0) == "digits"
    assert text(root, 1) == "Reads digits."
    assert text(root, 7) == "1.0.0"
    graph = entry(root, 3)
    image = entry(graph, 2)
    assert text(image, 0) == "x"
    assert "RGB image" in text(image, 1)
    unit = entry(image, 4)
    assert number(unit, 0, "Uint8Flags") == 1
    options = field(unit, 1)
    assert floats(options, 0) == [127.5]
    assert floats(options, 1) == [64.0]
    kind = field(image, 3)
    assert number(kind, 0, "Uint8Flags") == 2
    properties = field(kind, 1)
    assert number(properties, 0, "Int8Flags") == 1
    size = field(properties, 1)
    assert number(size, 0, "Uint32Flags") == 5  # width, then height
    assert number(size, 1, "Uint32Flags") == 6
    output = entry(graph, 3)
    assert text(output, 0) == "y"
    labels = entry(output, 6)
    assert text(labels, 0) == "labels.txt"
    assert number(labels, 2, "Int8Flags") == 2  # TENSOR_AXIS_LABELS


def test_the_labels_are_a_stored_zip_entry_behind_the_model() -> None:
    content = finish()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        (info,) = archive.infolist()
        assert info.filename == "labels.txt"
        assert info.compress_type == zipfile.ZIP_STORED
        assert archive.read(info).decode().splitlines() == list(LABELS)
        # Offsets count from the start of the whole file, as Android's reader expects.
        assert content[info.header_offset : info.header_offset + 4] == b"PK\x03\x04"


def test_edgekit_reads_its_own_metadata_back() -> None:
    (content,) = table(finish())
    found = metadata.parse(content)
    assert found is not None
    assert (found.name, found.description) == ("digits", "Reads digits.")
    assert found.inputs[0].mean == (127.5,)
    assert found.inputs[0].std == (64.0,)
    assert found.outputs[0].files == ("labels.txt",)
    assert metadata.parse(content[:30]) is None
    assert metadata.parse(b"") is None


def test_finishing_is_deterministic_and_twice_is_once() -> None:
    once = finish()
    assert finish() == once
    twice = finish(once)
    assert twice == once
    assert len(table(twice)) == 1
    assert len(table(twice, b"min_runtime_version")) == 1


def test_new_metadata_replaces_the_old() -> None:
    plain = tflite.contract(CONV)
    content = tflite.finish(finish(), contract=plain, name="other", description="Another.")
    (found,) = table(content)
    assert b"digits" not in found
    assert b"Another." in found
    assert not zipfile.is_zipfile(io.BytesIO(content))


def test_a_finished_file_still_runs_and_gives_the_same() -> None:
    from ai_edge_litert.interpreter import Interpreter

    data = np.random.default_rng(0).normal(size=(1, 6, 6, 4)).astype(np.float32)
    results = []
    for content in (CONV, finish()):
        runner = Interpreter(model_content=content).get_signature_runner()
        results.append(runner(x=data)["y"])
    np.testing.assert_array_equal(*results)


def test_two_outputs_have_label_files_of_their_own() -> None:
    specs = [
        TensorSpec(name=name, shape=(1, 2), dtype="float32", labels=labels)
        for name, labels in (("a/b", ("x", "y")), ("a b", ("z", "w")), ("plain", ()))
    ]
    files = metadata.label_files(specs)
    assert set(files) == {"a/b", "a b"}
    assert len({name for name, _ in files.values()}) == 2
    assert files["a b"][1] == b"z\nw\n"


def test_the_order_is_the_subgraphs_and_the_names_are_the_signatures() -> None:
    from ai_edge_litert import schema_py_generated as generated

    model = tflite.read(CONV)
    graph = model.subgraphs[0]
    graph.tensors.append(generated.TensorT(shape=[1], name=b"raw_name"))
    graph.inputs = [len(graph.tensors) - 1, *graph.inputs]
    signature = model.signatureDefs[0]
    signature.inputs.append(generated.TensorMapT(name=b"second", tensorIndex=graph.inputs[0]))
    content = tflite.to_bytes(model)
    said = tflite.contract(content)
    assert [spec.name for spec in said.inputs] == ["x", "second"]
    (found,) = table(finish(content, said))
    parsed = metadata.parse(found)
    assert parsed is not None
    assert [note.name for note in parsed.inputs] == ["second", "x"]


def test_a_contract_of_another_model_and_a_label_of_two_lines_are_refused() -> None:
    other = Contract(inputs=(TensorSpec(name="z", shape=(1,), dtype="float32"),), outputs=())
    with pytest.raises(ModelError, match="must describe each input"):
        finish(said=other)
    broken = TensorSpec(name="y", shape=(1, 2), dtype="float32", labels=("a\nb", "c"))
    with pytest.raises(ModelError, match="one line"):
        finish(said=Contract(inputs=contract().inputs, outputs=(broken,)))


def test_tflite_supports_own_reader_understands_it(tmp_path: Path) -> None:
    python = os.environ.get(TFLITE_SUPPORT)
    if not python:
        pytest.skip(f"{TFLITE_SUPPORT} is unset: it names a Python with tflite-support")
    path = tmp_path / "model.tflite"
    path.write_bytes(finish())
    answer = subprocess.run(
        [python, "-c", READ, str(path)], capture_output=True, text=True, check=True
    )
    found = json.loads(answer.stdout.splitlines()[-1])
    assert found["files"]["labels.txt"].splitlines() == list(LABELS)
    told = found["metadata"]
    assert told["description"] == "Reads digits."
    graph = told["subgraph_metadata"][0]
    image = graph["input_tensor_metadata"][0]
    assert image["content"]["content_properties"]["default_size"] == {"width": 5, "height": 6}
    assert image["process_units"][0]["options"] == {"mean": [127.5], "std": [64.0]}
    files = graph["output_tensor_metadata"][0]["associated_files"]
    assert files[0]["type"] == "TENSOR_AXIS_LABELS"
