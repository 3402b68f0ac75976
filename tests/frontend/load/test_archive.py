"""Containers that are opened without trust."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import ModelError
from edgekit.frontend.load import archive as load_archive
from edgekit.frontend.load.archive import MAX_DEPTH, read_json
from edgekit.frontend.load.recognise import recognise
from tests.frontend.load.containers import KERAS3, keras_zip, write_hdf5


def test_json_that_nests_too_deeply():
    for levels, said in ((MAX_DEPTH + 1, "nests too deeply"), (100_000, "is not JSON")):
        with pytest.raises(ModelError, match=said):
            read_json(Path("x"), '{"a":' + "[" * levels + "]" * levels + "}", "config.json")
    read_json(Path("x"), '{"a":' + "[" * 200 + "]" * 200 + "}", "config.json")


def refusal(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        recognise(path)
    assert caught.value.received
    assert caught.value.hint
    return str(caught.value)


def test_an_archive_bomb(tmp_path: Path):
    path = tmp_path / "bomb.keras"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("config.json", json.dumps(KERAS3))
        with archive.open("model.weights.h5", "w", force_zip64=True) as entry:
            for _ in range(260):
                entry.write(bytes(2**20))
    assert path.stat().st_size < 2**20
    assert "archive bomb" in refusal(path)


def test_an_archive_that_declares_more_than_any_model(monkeypatch: Any, tmp_path: Path):
    monkeypatch.setattr(load_archive, "MAX_UNPACKED_BYTES", 1000)
    path = keras_zip(tmp_path / "large.keras", **{"model.weights.h5": bytes(2000)})
    assert "declares" in refusal(path)


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "assets/../../evil", "C:\\evil"])
def test_an_archive_entry_that_leaves_the_archive(name: str, tmp_path: Path):
    assert "inside the archive" in refusal(keras_zip(tmp_path / "a.keras", **{name: b"x"}))


def test_hdf5_bombs_and_links_to_other_files(tmp_path: Path):
    h5py = pytest.importorskip("h5py")
    path = tmp_path / "bomb.h5"
    with h5py.File(path, "w") as file:
        file.create_dataset("w", shape=(2**27,), dtype="f4", fillvalue=1.0, chunks=(2**20,))
    with (
        load_archive.open_hdf5(path) as file,
        pytest.raises(ModelError, match="unpacks to at most"),
    ):
        load_archive.count_weights(path, file, path.stat().st_size)
    linked = tmp_path / "linked.h5"
    with h5py.File(linked, "w") as file:
        file["w"] = h5py.ExternalLink("/etc/passwd", "w")
    with pytest.raises(ModelError, match="own file"), load_archive.open_hdf5(linked):
        pass


def test_count_weights(tmp_path: Path):
    path = write_hdf5(tmp_path / "w.h5", {}, "a", "b")
    with load_archive.open_hdf5(path) as file:
        assert load_archive.count_weights(path, file, path.stat().st_size) == 2 * 64 * 64
