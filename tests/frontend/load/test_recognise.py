"""A model is recognised by its content; each thing that is none says what it looks like."""

from __future__ import annotations

import json
import pickle
import shutil
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import ModelError, WorkerTimeout
from edgekit.core.records import Limits
from edgekit.frontend.load import tfjs
from edgekit.frontend.load.load import informative_line
from edgekit.frontend.load.recognise import (
    RECOGNISE,
    Unrecognised,
    recognise,
    recognise_apart,
)
from tests.frontend.load.containers import KERAS3, keras_zip, write_hdf5, write_zip


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        recognise(path)
    assert caught.value.received
    assert caught.value.hint
    return str(caught.value)


@pytest.mark.parametrize(
    ("version", "expected", "by"),
    [
        ("3.15.1", "keras3", "Keras 3.15.1"),
        ("2.15.0", "keras2_zip", "Keras 2.15.0"),
        (None, "keras3", "Keras 3"),
    ],
)
def test_keras_archives(version: str | None, expected: str, by: str, tmp_path: Path):
    found = recognise(keras_zip(tmp_path / "any.bin", version))
    assert (found.format, found.written_by) == (expected, by)


def test_a_keras_2_archive_without_metadata_is_told_by_its_config(tmp_path: Path):
    layer = {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 4]}}
    config = {"class_name": "Sequential", "config": {"layers": [layer]}}
    path = write_zip(tmp_path / "old.keras", {"config.json": config})
    assert recognise(path).format == "keras2_zip"


@pytest.mark.parametrize(
    ("version", "expected", "by"),
    [
        ("3.4.1", "keras3_h5", "Keras 3.4.1"),
        ("2.4.0", "keras2_h5", "Keras 2.4.0"),
        (None, "keras2_h5", "Keras 1 or older"),
    ],
)
def test_hdf5_models(version: str | None, expected: str, by: str, tmp_path: Path):
    attributes = {"model_config": json.dumps(KERAS3)}
    if version:
        attributes["keras_version"] = version
    found = recognise(write_hdf5(tmp_path / "model.anything", attributes, "model_weights"))
    assert (found.format, found.written_by) == (expected, by)


def test_folders_and_files_of_other_formats(tmp_path: Path):
    saved = tmp_path / "saved"
    saved.mkdir()
    (saved / "saved_model.pb").write_bytes(b"\x08\x01\x12\x00")
    assert recognise(saved).format == "saved_model"
    assert recognise(saved / "saved_model.pb").path == saved
    web = tmp_path / "web"
    web.mkdir()
    topology = {"model_config": KERAS3}
    (web / "model.json").write_text(
        json.dumps({"format": "layers-model", "modelTopology": topology, "weightsManifest": []})
    )
    assert recognise(web).format == "tfjs"
    assert recognise(web).path == web / "model.json"
    lite = tmp_path / "m.tflite"
    lite.write_bytes(b"\x1c\0\0\0TFL3" + bytes(20))
    assert recognise(lite).format == "tflite"


def test_an_unzipped_keras_3_model(tmp_path: Path):
    (tmp_path / "config.json").write_text(json.dumps(KERAS3))
    (tmp_path / "metadata.json").write_text('{"keras_version": "3.1.0"}')
    assert recognise(tmp_path).format == "keras3"


def test_a_folder_stands_for_the_one_model_in_it(tmp_path: Path):
    model = keras_zip(tmp_path / "model.keras")
    (tmp_path / "labels.txt").write_text("cat\n")
    (tmp_path / "official.tflite").write_bytes(b"\x1c\0\0\0TFL3" + bytes(20))
    assert recognise(tmp_path).path == model
    keras_zip(tmp_path / "second.keras")
    said = refusal(tmp_path)
    assert "model.keras, second.keras" in said


def test_a_folder_without_a_model(tmp_path: Path):
    assert "with nothing" in refusal(tmp_path)
    (tmp_path / "checkpoint").write_text("x")
    assert "TensorFlow checkpoint" in refusal(tmp_path)


def test_a_folder_with_one_damaged_model_says_what_is_damaged(tmp_path: Path):
    (tmp_path / "model.keras").write_bytes(b"PK\x03\x04 cut off")
    assert "zip archive is damaged" in refusal(tmp_path)


def test_a_missing_path(tmp_path: Path):
    assert "was not found" in refusal(tmp_path / "no.keras")


def test_an_empty_file(tmp_path: Path):
    path = tmp_path / "empty.keras"
    path.touch()
    assert "0 bytes" in refusal(path)


@pytest.mark.parametrize("kept", [0.3, 0.9, 0.99])
def test_a_cut_archive(kept: float, tmp_path: Path):
    path = keras_zip(tmp_path / "cut.keras", **{"model.weights.h5": bytes(5000)})
    content = path.read_bytes()
    path.write_bytes(content[: int(len(content) * kept)])
    said = refusal(path)
    assert "zip archive is damaged" in said
    assert "again" in said


def test_a_damaged_entry_of_an_archive(tmp_path: Path):
    path = keras_zip(tmp_path / "damaged.keras")
    content = bytearray(path.read_bytes())
    content[content.index(b"Sequential")] ^= 1
    path.write_bytes(content)
    assert "zip archive is damaged" in refusal(path)


@pytest.mark.parametrize("kept", [16, 600, 5000])
def test_a_cut_hdf5_file(kept: int, tmp_path: Path):
    path = write_hdf5(tmp_path / "cut.h5", {"model_config": json.dumps(KERAS3)}, "model_weights")
    path.write_bytes(path.read_bytes()[:kept])
    assert "HDF5 file is damaged" in refusal(path)


@pytest.mark.parametrize("config", [b"not json", b"[1]", b'{"layers": []}'])
def test_a_config_that_is_none(config: bytes, tmp_path: Path):
    path = write_zip(tmp_path / "odd.keras", {"config.json": config})
    assert "config.json" in refusal(path)


@pytest.mark.parametrize(
    ("attributes", "groups", "by"),
    [
        ({"layer_names": [b"conv"], "keras_version": "2.1.5"}, ("conv",), "Keras 2.1.5"),
        ({}, ("layers", "vars"), "weights without model_config"),
    ],
)
def test_weights_without_an_architecture(
    attributes: dict[str, Any], groups: tuple[str, ...], by: str, tmp_path: Path
):
    said = refusal(write_hdf5(tmp_path / "w.weights.h5", attributes, *groups))
    assert by in said
    assert "holds weights, no architecture" in said
    assert "load_weights" in said


def test_hdf5_data_that_is_no_model(tmp_path: Path):
    assert "not of Keras" in refusal(write_hdf5(tmp_path / "data.h5", {}, "images"))


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("m.pth", pickle.dumps({"a": 1}), "a PyTorch file"),
        ("m.bin", b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.", "a PyTorch file"),
        ("m.pkl", pickle.dumps({"a": 1}), "a Python pickle"),
        ("m.onnx", b"\x08\x07\x12\x07pytorch\x1a\x051.0.0:", "an ONNX model"),
        ("m.onnx", b"\x08\x08:\x90\x01\n\x10", "an ONNX model"),
        ("frozen.pb", b"\n\x10\n\x01x\x12\x0bPlaceholder", "a frozen TensorFlow graph"),
        ("m.safetensors", struct.pack("<Q", 20) + b'{"w":{}}', "a safetensors file"),
        ("model.ckpt.index", b"\x00\x05\x0f", "a TensorFlow checkpoint"),
        ("m.tar.gz", b"\x1f\x8b\x08\x00", "a gzip archive"),
        ("m.keras", b"hello there, no model", "is damaged or not what its ending says"),
        ("notes.txt", b"hello there, no model", "text, starting b'hello"),
        ("m.dat", bytes(range(0, 64)), "unknown bytes"),
        ("labels.json", b'{"a": 1}', "JSON with the keys a"),
        ("cut.json", b'{"format": "layers-mo', "is not JSON"),
        ("arch.json", json.dumps(KERAS3).encode(), "an architecture only"),
    ],
)
def test_files_of_other_kinds(name: str, content: bytes, said: str, tmp_path: Path):
    path = tmp_path / name
    path.write_bytes(content)
    assert said in refusal(path)


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ({"archive/data.pkl": b"x", "archive/version": b"3"}, "a PyTorch file"),
        ({"x.npy": b"x", "y.npy": b"y"}, "NumPy arrays (x.npy, y.npy)"),
        ({"model.weights.h5": b"x"}, "model.weights.h5 only"),
        ({"m/saved_model.pb": b"x"}, "unzip"),
        ({"word/document.xml": b"x"}, "without config.json"),
        ({}, "no entries"),
    ],
)
def test_archives_of_other_kinds(entries: dict[str, bytes], said: str, tmp_path: Path):
    assert said in refusal(write_zip(tmp_path / "some.zip", entries))


def test_recognising_needs_no_tensorflow():
    import subprocess
    import sys

    code = "import sys; from edgekit.frontend.load import load, loaded, recognise;"
    code += "assert not {'tensorflow', 'keras', 'tf_keras', 'h5py'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


# The pure parts of loading.


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Wrong shape.\n\nFull object config: {'a': 1}", "Wrong shape."),
        ("First.\nThe reason.\nArguments received by Net.call():\n  • x=1", "The reason."),
        ("", "no message"),
        ("x" * 500, "x" * 300),
    ],
)
def test_the_informative_line_of_a_message(text: str, line: str):
    assert informative_line(text) == line


def test_tfjs_weights_by_position_when_names_differ():
    stored = {"lstm/kernel": np.ones((2, 3)), "lstm/bias": np.zeros(3)}
    names = ["lstm/lstm_cell/kernel", "lstm/lstm_cell/bias"]
    matched = tfjs.match(names, [(2, 3), (3,)], stored)
    assert [value.shape for value in matched] == [(2, 3), (3,)]
    with pytest.raises(ModelError, match="that its architecture asks for"):
        tfjs.match([*names, "dense/kernel"], [(2, 3), (3,), (1,)], stored)
    with pytest.raises(ModelError, match="shape of its variable"):
        tfjs.match(names, [(3, 2), (3,)], stored)


@pytest.mark.corpus
def test_real_weights_only_file(corpus: Path, tmp_path: Path):
    said = refusal(corpus / "crepe_tiny_pitch" / "model-tiny.h5")
    assert "Keras 2.1.5" in said
    assert "holds weights, no architecture" in said
    alone = tmp_path / "alone"
    alone.mkdir()
    shutil.copyfile(corpus / "crepe_tiny_pitch" / "model-tiny.h5", alone / "m.h5")
    assert "no architecture" in refusal(alone)


def test_a_file_that_h5py_may_wait_for_is_read_in_a_child(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def never(stage: object, request: Unrecognised, **_: object) -> None:
        asked.append((stage, request.path))
        raise WorkerTimeout("It did not answer.")

    monkeypatch.setattr("edgekit.core.isolate.call", never)
    hdf5 = tmp_path / "m.h5"
    hdf5.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(100))
    for path in (hdf5, tmp_path):  # and the folder that holds it
        with pytest.raises(WorkerTimeout):
            recognise_apart(path, Limits())
    with pytest.raises(ModelError):  # told by its first bytes, here
        recognise_apart(tmp_path / "missing.h5", Limits())
    assert asked == [(RECOGNISE, path) for path in (hdf5, tmp_path)]


@pytest.mark.parametrize(
    "content",
    [
        b'{"format": "graph-model", "modelTopology": {"node": []}}',
        b'{"modelTopology": {"node": [], "library": {}}}',
    ],
)
def test_a_graph_of_tensorflow_js_is_no_layers_model(content: bytes, tmp_path: Path):
    path = tmp_path / "model.json"
    path.write_bytes(content)
    assert recognise(tmp_path).format == recognise(path).format == "tfjs_graph"
