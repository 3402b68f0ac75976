"""A model is exported once: what lies in the cache is taken while nothing it depends on moved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.project import OutputSpec, Project
from edgekit.core.records import ConvertOptions
from edgekit.data.export_messages import EXPORT
from edgekit.data.samples import Samples
from edgekit.frontend.load import recognise
from edgekit.frontend.load.recognise import Format, Recognised
from edgekit.pipeline import cache
from edgekit.pipeline.convert import kept_exports
from edgekit.pipeline.convert.conversion import convert
from edgekit.quantize.quantize_messages import QUANTIZE
from tests.fake_children import FakeChildren
from tests.pipeline.convert.steps import exported_net, inputs

OPTIONS = ConvertOptions(recipes=("float16",), force=True)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("EDGEKIT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def data(tmp_path) -> Path:
    path = tmp_path / "data.npz"
    np.savez(path, **inputs(9, seed=1))
    return path


@pytest.fixture
def keras(tmp_path, children: FakeChildren, monkeypatch) -> Path:
    """A model of which a function of this test is the exporter."""
    path = tmp_path / "net.keras"
    path.write_bytes(b"not looked at")
    recognised_as(monkeypatch, path, "keras3")
    children.answer(EXPORT, exported_net)
    children.run_here(QUANTIZE)
    return path


def recognised_as(monkeypatch, path: Path, kind: Format) -> None:
    recognised = Recognised(format=kind, written_by="Keras 3.12.0", path=path)
    monkeypatch.setattr(recognise, "recognise_apart", lambda model, limits: recognised)


def made_of(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_second_conversion_takes_what_the_first_one_exported(keras, data, tmp_path, children):
    lines: list[str] = []
    first = convert(keras, output=tmp_path / "a", calibration=data, options=OPTIONS)
    second = convert(
        keras, output=tmp_path / "b", calibration=data, options=OPTIONS, on_progress=lines.append
    )
    assert len(children.requests(EXPORT)) == 1
    assert "taking the float file and samples of an earlier conversion (or --fresh)" in lines
    assert [replace(one, path="") for one in first] == [replace(one, path="") for one in second]
    assert made_of(tmp_path / "a").keys() == made_of(tmp_path / "b").keys()
    golden = [Samples.load(tmp_path / name / "net.golden.npz") for name in "ab"]
    assert golden[0].sha256 == golden[1].sha256


def other_model(keras, data):
    keras.write_bytes(b"trained a little longer")


def other_data(keras, data):
    np.savez(data, **inputs(9, seed=2))


@pytest.mark.parametrize("changed", [other_model, other_data])
def test_other_content_is_exported_anew(keras, data, tmp_path, children, changed):
    convert(keras, output=tmp_path / "out", calibration=data, options=OPTIONS)
    changed(keras, data)
    convert(keras, output=tmp_path / "out", calibration=data, options=OPTIONS)
    assert len(children.requests(EXPORT)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"options": replace(OPTIONS, seed=1)},
        {"options": replace(OPTIONS, golden_samples=3)},
        {"options": replace(OPTIONS, fresh=True)},
        {"input_shapes": {"x": (1, 5)}},
        {"signature": "other"},
        {"calibration": None},
        {"project": Project(output={"y": OutputSpec(labels=("a", "b"))})},
    ],
)
def test_other_questions_are_asked_anew(keras, data, tmp_path, children, changes):
    asked = {"output": tmp_path / "out", "calibration": data, "options": OPTIONS}
    convert(keras, **asked)
    convert(keras, **{**asked, **changes})
    assert len(children.requests(EXPORT)) == 2


@pytest.mark.parametrize("name", ["TF_ENABLE_ONEDNN_OPTS", "KERAS_FLOATX"])
def test_variables_that_tensorflow_reads_count(keras, tmp_path, children, monkeypatch, name):
    convert(keras, output=tmp_path / "out", options=OPTIONS)
    monkeypatch.setenv(name, "0")
    convert(keras, output=tmp_path / "out", options=OPTIONS)
    assert len(children.requests(EXPORT)) == 2


def test_another_tool_is_another_export(keras, tmp_path, children, monkeypatch):
    convert(keras, output=tmp_path / "out", options=OPTIONS)
    monkeypatch.setattr(cache, "TOOLS", (*cache.TOOLS, "pytest"))
    convert(keras, output=tmp_path / "out", options=OPTIONS)
    assert len(children.requests(EXPORT)) == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"options": replace(OPTIONS, unsafe=True)},
        {"custom_objects": "layers:MINE"},
        {"builder": "nets:build"},
        {"calibration": "my_data:draw"},
        {"calibration": inputs(9, seed=1)},
    ],
)
def test_what_runs_code_or_lives_in_memory_is_not_kept(keras, tmp_path, children, home, changes):
    asked = {"output": tmp_path / "out", "options": OPTIONS, **changes}
    convert(keras, **asked)
    convert(keras, **asked)
    assert len(children.requests(EXPORT)) == 2
    assert not (home / "cache").exists()


def test_a_file_that_is_not_all_of_its_model_is_not_kept(
    keras, tmp_path, children, home, monkeypatch
):
    recognised_as(monkeypatch, keras, "tfjs")  # its weights lie beside it
    convert(keras, output=tmp_path / "out", options=OPTIONS)
    assert not (home / "cache").exists()


def test_a_folder_with_links_is_not_kept(keras, data, tmp_path, children, home):
    folder = tmp_path / "net"
    folder.mkdir()
    (folder / "weights").symlink_to(keras)
    convert(folder, output=tmp_path / "out", calibration=data, options=OPTIONS)
    assert not (home / "cache").exists()


@pytest.mark.parametrize("most", ["_MOST_READ", "_MOST_KEPT"])
def test_what_is_large_is_not_kept(keras, data, tmp_path, children, home, monkeypatch, most):
    monkeypatch.setattr(kept_exports, most, 10)
    convert(keras, output=tmp_path / "out", calibration=data, options=OPTIONS)
    assert not (home / "cache").exists()


def test_a_damaged_entry_is_exported_anew(keras, tmp_path, children, home):
    convert(keras, output=tmp_path / "out", options=OPTIONS)
    [entry] = (home / "cache").glob("export-*")
    (entry / "float.tflite").write_bytes(b"damaged")
    convert(keras, output=tmp_path / "out", options=OPTIONS)
    assert len(children.requests(EXPORT)) == 2


def test_a_cache_that_cannot_be_written_stops_nothing(keras, tmp_path, children, home):
    home.write_text("a file where the folder should be", encoding="utf-8")
    made = convert(keras, output=tmp_path / "out", options=OPTIONS)
    assert len(made) == 2
