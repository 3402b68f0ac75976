"""Regular files are read; what would never end, or is no text, is refused."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from edgekit import tflite
from edgekit.core import artifacts, files, project
from edgekit.core.errors import DataError, EdgekitError, ModelError, ProjectError
from edgekit.core.records import Contract, TensorSpec
from edgekit.data import npz, sources

CONTRACT = Contract(inputs=(TensorSpec(name="x", shape=(1, 3), dtype="float32"),), outputs=())
DOORS = {
    "x.tflite": tflite.read,
    "y.tflite": artifacts.load,
    "x.npz": npz.read,
    "x.csv": lambda path: sources.load(str(path), CONTRACT, purpose="evaluation"),
    "x.toml": project.load,
}


@pytest.mark.parametrize("name", DOORS)
def test_pipes_devices_and_broken_links_are_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    places = {"was not found": lambda: path.symlink_to(tmp_path / "none")}
    if hasattr(os, "mkfifo"):
        places["a named pipe"] = lambda: os.mkfifo(path)
        places["a device"] = lambda: path.symlink_to("/dev/zero")
    for says, make in places.items():
        make()
        with pytest.raises(EdgekitError, match=says):
            DOORS[name](path)
        path.unlink()


@pytest.mark.parametrize("name", DOORS)
def test_a_name_with_a_nul_is_refused(name: str) -> None:
    with pytest.raises(EdgekitError, match=r"not found|could not be read"):
        DOORS[name](Path(f"a\0{name}"))


def test_a_folder_and_a_file_that_is_too_large_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="a folder"):
        files.size(tmp_path, "model file", kind=ModelError)
    (tmp_path / "a").write_bytes(bytes(11))
    assert files.size(tmp_path / "a", "model file", kind=ModelError, most_bytes=11) == 11
    with pytest.raises(ProjectError, match="11 bytes"):
        files.read_text(tmp_path / "a", "text", kind=ProjectError, most_bytes=10)


def test_text_is_utf_8_with_or_without_a_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    for encoding in ("utf-8", "utf-8-sig"):
        path.write_text("grün", encoding=encoding)
        assert files.read_text(path, "text", kind=DataError) == "grün"
    for encoding in ("utf-16", "latin-1"):
        path.write_text("grün", encoding=encoding)
        with pytest.raises(DataError, match="not text in UTF-8"):
            files.read_text(path, "text", kind=DataError)
