"""Arrays and a record in one file: the same bytes always, and what earlier edgekits wrote."""

from __future__ import annotations

import hashlib
import json
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edgekit.core import npz_record
from edgekit.core.errors import OutputError, ProjectError


@dataclass(frozen=True, kw_only=True)
class Note:
    words: tuple[str, ...]
    loss: float = 0.0


ARRAYS = {"a/1": np.arange(6, dtype=np.int16).reshape(2, 3), "text": np.array("é")}
# Of the file that edgekit 0.1 wrote for these arrays: baselines hold such hashes.
GOLDEN = "eff1046d"


def test_the_same_arrays_are_the_same_bytes_at_any_time(tmp_path: Path) -> None:
    digests = set()
    for turned in (ARRAYS["a/1"], np.asfortranarray(ARRAYS["a/1"]), ARRAYS["a/1"].astype(">i2")):
        npz_record.write(tmp_path / "x.npz", {**ARRAYS, "a/1": turned}, compress=False)
        digests.add(hashlib.sha256((tmp_path / "x.npz").read_bytes()).hexdigest()[:8])
    assert digests == {GOLDEN}


def test_a_record_comes_back_with_its_arrays(tmp_path: Path) -> None:
    path = tmp_path / "new" / "x.npz"
    note = Note(words=("one", "two"), loss=math.inf)
    npz_record.write_record(path, note, ARRAYS)
    assert [file.name for file in path.parent.iterdir()] == ["x.npz"]
    read, arrays = npz_record.read_record(Note, path)
    assert read == note
    assert sorted(arrays) == sorted(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(arrays[name], array)


def test_what_numpy_wrote_is_read(tmp_path: Path) -> None:
    about = np.array(json.dumps({"words": ["one"], "loss": float("nan")}))
    np.savez(tmp_path / "x.npz", head=about, **{"weights/0": np.ones(3, np.float32)})
    read, arrays = npz_record.read_record(Note, tmp_path / "x.npz", entry="head")
    assert read.words == ("one",)
    assert math.isnan(read.loss)
    assert list(arrays) == ["weights/0"]


def test_what_is_damaged_or_another_record_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x.npz"
    npz_record.write_record(path, Note(words=()), {})
    with pytest.raises(KeyError):
        npz_record.read_record(Note, path, entry="head")
    npz_record.write(path, {"about": np.array('{"sounds": []}')})
    with pytest.raises(ProjectError, match="sounds"):
        npz_record.read_record(Note, path)
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises((ValueError, zipfile.BadZipFile)):
        npz_record.read_record(Note, path)


def test_objects_are_neither_written_nor_read(tmp_path: Path) -> None:
    objects = np.array([{}], dtype=object)
    with pytest.raises(ValueError, match=r"[Oo]bject"):
        npz_record.write_record(tmp_path / "x.npz", Note(words=()), {"a": objects})
    np.savez(tmp_path / "y.npz", about=objects, allow_pickle=True)
    with pytest.raises(ValueError, match="allow_pickle"):
        npz_record.read_record(Note, tmp_path / "y.npz")


def test_a_place_that_cannot_be_written_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError):
        npz_record.write_record(tmp_path / "file" / "x.npz", Note(words=()), {})
