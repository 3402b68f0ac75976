"""Arrays for a worker, in folders that do not stay."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit.core import scratch
from edgekit.core.errors import DataError, RunError
from edgekit.core.records import Limits, Target
from edgekit.runtimes import exchange, local


def test_nothing_is_left_behind(
    data: Path, limits: Limits, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exchange, "_SHARED_MEMORY", tmp_path)
    with local.open_session(data / "ids.tflite", Target(), limits=limits) as session:
        session.run({"ids": np.zeros((2, 3), np.int32)})
        with pytest.raises(RunError):
            session.run({"ids": np.full((2, 3), 77, np.int32)})
    own = scratch.root(tmp_path)
    assert list(tmp_path.iterdir()) == [own]
    assert [path.name for path in own.iterdir()] == ["owner.lock"]


def test_disk_serves_where_shared_memory_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exchange, "_room", lambda _: 0)
    with exchange.folder(1) as place:
        assert exchange._SHARED_MEMORY not in place.parents
        assert place.is_dir()
    assert not place.exists()


def test_samples_are_counted_once_for_all_inputs() -> None:
    assert exchange.count_samples({"a": np.zeros((3, 2)), "b": np.zeros(3, bool)}) == 3
    with pytest.raises(DataError, match="equally many") as caught:
        exchange.count_samples({"a": np.zeros((3, 2)), "b": np.zeros((2, 2))})
    assert caught.value.received == "a: 3, b: 2"


def test_arrays_are_saved_in_c_order_whatever_they_are_called(tmp_path: Path) -> None:
    turned = np.arange(6, dtype=np.int16).reshape(2, 3).T
    paths = exchange.save({"a/b": turned, "..": turned[::2]}, tmp_path)
    assert sorted(paths) == ["..", "a/b"]
    assert all(Path(path).parent == tmp_path for path in paths.values())
    for name, array in {"a/b": turned, "..": turned[::2]}.items():
        read = np.load(paths[name], mmap_mode="r")
        np.testing.assert_array_equal(read, array)
        assert read.flags.c_contiguous


def test_a_folder_that_cannot_be_written_is_a_run_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no room") as caught:
        exchange.save({"x": np.zeros(1)}, tmp_path / "none")
    assert caught.value.hint


def test_a_worker_writes_to_the_folders_of_this_process_only() -> None:
    with exchange.folder(1) as place:
        assert any(place.is_relative_to(writable) for writable in exchange.places())
