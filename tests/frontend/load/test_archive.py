"""Containers that are opened without trust."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgekit.core.errors import ModelError
from edgekit.frontend.load import archive as load_archive
from edgekit.frontend.load.archive import MAX_DEPTH, read_json
from edgekit.frontend.load.recognise import recognise
from tests.frontend.load.containers import KERAS3, keras_zip, write_hdf5


def test_json_that_nests_too_deeply():
    for levels, said in ((MAX_DEPTH + 1, "nested too deeply"), (100_000, "is not JSON")):
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
        pytest.raises(ModelError, match="must not unpack to more than"),
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


def test_an_unzipped_model_becomes_its_archive_again(tmp_path: Path):
    folder = tmp_path / "model"
    (folder / "assets").mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "assets" / "words.txt").write_text("a")
    made = load_archive.zip_folder(folder, tmp_path / "m.keras")
    with load_archive.open_zip(made) as archive:
        assert sorted(archive.namelist()) == ["assets/words.txt", "config.json"]
        assert load_archive.read_entry(made, archive, "config.json") == b"{}"
        with pytest.raises(ModelError) as caught:
            load_archive.read_entry(made, archive, "metadata.json")
    assert "config.json" in caught.value.received


def test_links_may_lead_into_a_download_cache_only(tmp_path: Path):
    blob = tmp_path / "blobs" / "abc"
    folder = tmp_path / "snapshots" / "1"
    for part in (blob.parent, folder):
        part.mkdir(parents=True)
    blob.write_text("{}")
    (folder / "config.json").symlink_to(blob)
    load_archive.zip_folder(folder, tmp_path / "m.keras")
    (tmp_path / "secret").write_text("s")
    (folder / "weights.h5").symlink_to(tmp_path / "secret")
    with pytest.raises(ModelError) as caught:
        load_archive.zip_folder(folder, tmp_path / "m.keras")
    assert "weights.h5 -> " in caught.value.received


@pytest.mark.parametrize("content", [b"[1]", b"3", b"null"])
def test_json_that_is_no_object(content: bytes):
    with pytest.raises(ModelError) as caught:
        read_json(Path("m.keras"), content, "config.json")
    assert caught.value.received == f"m.keras: {json.loads(content)}"


def test_an_attribute_is_text_whatever_wrote_it():
    group = SimpleNamespace(attrs={"old": b"2.3.0\xff", "new": "3.1", "number": 7})
    names = ("old", "new", "number", "no")
    texts = [load_archive.text_attribute(group, name) for name in names]
    assert texts == ["2.3.0\ufffd", "3.1", "7", None]
