"""Archives of arrays: what a header promises is held against the limit before it is read."""

from __future__ import annotations

import contextlib
import io
import struct
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.errors import DataError
from edgekit.data import npz
from edgekit.data.samples import Samples

X = np.arange(12, dtype="<f4").reshape(4, 3)


def member(
    descr: str = "'<f4'", shape: str = "(4, 3)", data: bytes = X.tobytes(), version: int = 1
) -> bytes:
    """An array's file with any header."""
    text = f"{{'descr': {descr}, 'fortran_order': False, 'shape': {shape}, }}".encode().ljust(117)
    length = struct.pack("<H" if version == 1 else "<I", len(text) + 1)
    return b"\x93NUMPY" + bytes([version, 0]) + length + text + b"\n" + data


def archive(path: Path, *members: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> Path:
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w", compression) as file:
        warnings.simplefilter("ignore")  # of a name that stands twice
        for name, content in members:
            file.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (member(shape="(64000000000,)", data=b""), "do not fit"),
        (member("'|u1'", "(0, 99999999999999999999)", b""), "no whole"),
        (member(shape="(-4, 3)"), "no whole"),
        (member("'<U1000000000'", "(4,)", b""), "no whole"),
        (member("'<U0'", "(99999999,)", b""), "no whole"),
        (member("'<U1'", "(12,)", b"\xff" * 48), "what is not a character"),
        (member("'<U1'", "(1,)", struct.pack("<I", 0xD800)), "what is not a character"),
        (member("'|O'"), "hold numbers or strings"),
        (member("[('a', '<f4')]"), "hold numbers or strings"),
        (member("('<f4', (2,))"), "no whole|hold numbers or strings"),
        (member(shape="(5, 3)"), "less than that"),
        (member(shape="(3, 3)"), "more than that"),
        (member(version=9), "format 9"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b" " * 2**20, "header has 2147483647"),
        (b"a text", "no whole"),
        (b"", "no whole"),
    ],
)
def test_arrays_that_are_not_what_they_say(tmp_path: Path, content: bytes, says: str) -> None:
    path = archive(tmp_path / "a.npz", ("x.npy", content))
    with pytest.raises(DataError, match=says) as caught:
        npz.read(path)
    assert caught.value.received
    assert caught.value.hint


@pytest.mark.parametrize("version", [1, 2, 3])
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_what_numpy_reads_is_read_alike(tmp_path: Path, version: int, method: int) -> None:
    arrays = [X, np.asfortranarray(X), X.astype(">i2"), X > 3, X * 1j, np.array(["a", "öä"])]
    arrays += [np.array(3.5), np.empty((0, 3)), np.array([b"a", b"bc"]), np.empty((2**40, 0))]
    members = []
    for number, array in enumerate(arrays):
        file = io.BytesIO()
        np.lib.format.write_array(file, array, (version, 0))
        members.append((f"{number}.npy", file.getvalue()))
    path = archive(tmp_path / "a.npz", *members, compression=method)
    found = npz.read(path)
    with np.load(path) as expected:
        for number, array in enumerate(arrays):
            mine, theirs = found[str(number)], expected[str(number)]
            assert (mine.dtype, mine.flags.f_contiguous) == (
                theirs.dtype,
                theirs.flags.f_contiguous,
            )
            np.testing.assert_array_equal(mine, array)


def test_all_arrays_that_are_asked_for_count_together(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    np.savez_compressed(path, x=np.zeros(1000, np.uint8), y=np.zeros(1000, np.uint8))
    assert set(npz.read(path, memory_bytes=4000)) == {"x", "y"}
    assert set(npz.read(path, ["y"], memory_bytes=2000)) == {"y"}
    with pytest.raises(DataError, match="raise --memory-limit"):
        npz.read(path, memory_bytes=3999)


def test_two_arrays_of_one_name_are_refused(tmp_path: Path) -> None:
    for second in ("x.npy", "x"):
        path = archive(tmp_path / "a.npz", ("x.npy", member()), (second, member()))
        with pytest.raises(DataError, match="two arrays of one name"):
            npz.read(path)


@pytest.mark.parametrize(
    ("local", "central", "value", "says"),
    [(6, 8, 1, "encrypted"), (8, 10, 99, "compression"), (22, 24, 50, "no whole")],
)
def test_archives_that_zipfile_cannot_unpack(
    tmp_path: Path, local: int, central: int, value: int, says: str
) -> None:
    path = archive(tmp_path / "a.npz", ("x.npy", member()))
    content = bytearray(path.read_bytes())
    content[local] = content[content.index(b"PK\x01\x02") + central] = value
    path.write_bytes(content)
    with pytest.raises(DataError, match=says):
        npz.read(path)


def _damaged(content: bytes, rng: np.random.Generator) -> bytes:
    """One to 32 bytes changed, or a stretch cut out or doubled."""
    at, length = rng.integers(len(content)), rng.integers(1, 200)
    match rng.integers(4):
        case 0:
            return content[:at]
        case 1:
            return content[:at] + content[at + length :]
        case 2:
            return content[: at + length] + content[at:]
    changed = bytearray(content)
    for place in rng.integers(len(content), size=rng.integers(1, 33)):
        changed[place] = rng.integers(256)
    return bytes(changed)


@settings(max_examples=200)
@given(st.integers(0, 2**32), st.booleans())
def test_a_damaged_archive_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, seed: int, compress: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "damaged.npz"
    samples = Samples(inputs={"x": X}, labels=np.array(list("abab")), reference={"y": X})
    samples.save(path, compress=compress)
    path.write_bytes(_damaged(path.read_bytes(), np.random.default_rng(seed)))
    with contextlib.suppress(DataError):
        assert Samples.load(path, memory_bytes=2**20).digests()
