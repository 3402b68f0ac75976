"""Files that unpack to far more than they hold are refused before they are unpacked."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit import tflite
from edgekit.core.errors import ModelError
from tests.tflite import hostile_models as hostile

FILES = sorted((Path(__file__).parents[1] / "models").glob("*.tflite"))
_OFFSETS = (0, 1, 4, 2**16, 2**31 - 1, 2**31, 2**32 - 1)


@pytest.mark.parametrize("make", hostile.AMPLIFIED.values(), ids=hostile.AMPLIFIED)
def test_what_unpacks_to_more_than_it_holds_is_refused(make: Callable[[], bytes]) -> None:
    content = make()
    assert len(content) < 2**20
    with pytest.raises(ModelError, match="unpacks to") as caught:
        tflite.read(content)
    assert f"{len(content)} bytes" in str(caught.value)


@pytest.mark.parametrize("make", hostile.ODD.values(), ids=hostile.ODD)
def test_a_strange_whole_file_is_read(make: Callable[[], bytes], tmp_path: Path) -> None:
    (tmp_path / "m.tflite").write_bytes(make())
    assert tflite.inspect(tmp_path / "m.tflite").operators


def test_more_axes_than_numpy_has_are_refused() -> None:
    with pytest.raises(ModelError, match="65 axes"):
        tflite.read(hostile.model(tensors=lambda b: [hostile.tensor(b, axes=65)]))
    tflite.read(hostile.model(tensors=lambda b: [hostile.tensor(b, axes=64)]))


class _Sharing(flatbuffers.Builder):
    """Stores equal vectors and names once, as compact writers do."""

    def __init__(self, size: int) -> None:
        super().__init__(size)
        self._known: dict[tuple[str, bytes], int] = {}

    def CreateNumpyVector(self, x: np.ndarray) -> int:
        return self._once(
            (x.dtype.str, x.tobytes()), lambda: super(_Sharing, self).CreateNumpyVector(x)
        )

    def CreateString(self, s: Any, encoding: str = "utf-8", errors: str = "strict") -> int:
        return self._once(("", bytes(s)), lambda: super(_Sharing, self).CreateString(s))

    def _once(self, key: tuple[str, bytes], make: Callable[[], int]) -> int:
        if key not in self._known:
            self._known[key] = make()
        return self._known[key]


def _shared(content: bytes) -> bytes:
    model = tflite.read(content)
    for graph in model.subgraphs:
        for part in (*graph.tensors, *graph.operators):
            for name, value in vars(part).items():
                if isinstance(value, list):
                    setattr(part, name, np.array(value, np.int32))
    builder = _Sharing(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def _is_read_alike(content: bytes) -> None:
    shared = tflite.read(_shared(content))
    assert tflite.to_bytes(shared) == tflite.to_bytes(tflite.read(content))


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_may_store_equal_vectors_once(path: Path) -> None:
    _is_read_alike(path.read_bytes())


@pytest.mark.corpus
def test_real_files_may_store_equal_vectors_once(corpus: Path) -> None:
    for path in sorted(corpus.rglob("*.tflite")):
        _is_read_alike(path.read_bytes())


def test_many_layers_may_share_their_zero_points() -> None:
    """A file whose bytes are mostly one vector of 1,000 zero points, named by 100 tensors."""

    def tensors(b: flatbuffers.Builder) -> list[int]:
        zeros = hostile.numbers(b, [0] * 2001)
        return [
            hostile.table(b, {0: hostile.numbers(b, [1]), 4: hostile.table(b, {2: zeros})})
            for _ in range(100)
        ]

    assert len(tflite.read(hostile.model(tensors=tensors)).subgraphs[0].tensors) == 100


@settings(max_examples=150)
@given(st.sampled_from(FILES), st.integers(0, 2**32 - 1), st.sampled_from(_OFFSETS))
def test_a_damaged_offset_gives_a_model_or_a_model_error(path: Path, at: int, value: int) -> None:
    content = bytearray(path.read_bytes())
    place = 8 + at % (len(content) - 12) // 4 * 4
    content[place : place + 4] = value.to_bytes(4, "little")
    with contextlib.suppress(ModelError):
        model = tflite.read(bytes(content))
        assert tflite.to_bytes(model)
