"""Tables: CSV in UTF-8, with or without a byte order mark; other files are refused."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import DataError
from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.data import folders, sources, tables

CONTRACT = Contract(
    inputs=(TensorSpec(name="x", shape=(1, 3), dtype="float32"),),
    outputs=(TensorSpec(name="y", shape=(1, 2), dtype="float32"),),
)
TABLE = "a,b,c,label\n1,2,3,0\n4,5,6,1\n"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (TABLE.encode("utf-16"), "UTF-8"),
        (TABLE.replace("1\n", "é\n").encode("latin-1"), "UTF-8"),
        (b"a,b,c\n1,2,\0\n", "NUL character in line 2"),
        (b"a,b,c\n1,2," + b"3" * 200_000, "field limit"),
        (b"", "0 rows"),
        (b"a,b,c\n1,2\n", "2 cells"),
        (b"a,b,c\n1,2,1e999\n", "finite"),
    ],
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(DataError, match=says) as caught:
        sources.load(str(path), CONTRACT, purpose="evaluation")
    assert str(path) in str(caught.value)


def test_a_byte_order_mark_and_labels_beyond_64_bits(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\ufeff" + TABLE.replace(",0", "," + "9" * 30), encoding="utf-8")
    table = tables.read(path, CONTRACT)
    assert table.inputs["x"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert table.labels is not None
    assert table.labels.dtype == np.float64


def test_a_table_is_held_against_the_memory_limit(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(TABLE)
    with pytest.raises(DataError, match="memory limit"):
        tables.read(path, CONTRACT, memory_bytes=100)


def test_one_long_text_does_not_make_all_texts_long(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = "".join(f"short,{i % 2}\n" for i in range(20_000))
    path.write_text(f"text,label\n{'a' * 130_000},0\n{rows}")
    rules = Preprocessing(kind="text", vocabulary=("a", "b"))
    text = TensorSpec(name="x", shape=(1, 8), dtype="int32", preprocessing=rules)
    with pytest.raises(DataError, match="texts of"):
        tables.read(path, Contract(inputs=(text,), outputs=()))
    path.write_text(f"a,b,c,label\n1,2,3,{'a' * 130_000}\n" + "1,2,3,0\n" * 20_000)
    with pytest.raises(DataError, match="labels of"):
        tables.read(path, CONTRACT)


def test_a_damaged_table_is_read_or_refused(tmp_path: Path) -> None:
    rng, path = np.random.default_rng(0), tmp_path / "a.csv"
    for _ in range(200):
        damaged = bytearray(TABLE.encode())
        for place in rng.integers(len(damaged), size=rng.integers(1, 5)):
            damaged[place] = rng.choice(bytearray(b'",\n\r\0\xff1e-'))
        path.write_bytes(damaged)
        with contextlib.suppress(DataError):
            sources.load(str(path), CONTRACT, purpose="evaluation")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"file,label\na.png,\xe9\n", "UTF-8"),
        (b"file,label\n" + b"a" * 200_000, "not CSV"),
        (b"\xef\xbb\xbffile\n", "must have a column"),
        (b"a,b\n1,2,3,4\n", "must have a column"),
        (b"", "must have a column"),
    ],
)
def test_labels_that_cannot_be_read_are_refused(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.png").touch()
    (tmp_path / "labels.csv").write_bytes(content)
    rules = Preprocessing(kind="image", size=(8, 8))
    image = TensorSpec(name="x", shape=(1, 8, 8, 3), dtype="float32", preprocessing=rules)
    with pytest.raises(DataError, match=says):
        folders.read(tmp_path, Contract(inputs=(image,), outputs=()), None, 0)


HEADS = Contract(
    inputs=(TensorSpec(name="x", shape=(1, 3), dtype="float32"),),
    outputs=(
        TensorSpec(name="gender", shape=(1, 2), dtype="float32"),
        TensorSpec(name="place", shape=(1, 2), dtype="float32"),
    ),
)


def test_columns_named_as_outputs_are_their_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,gender,b,place.0,c,place.1\n1,0,2,0.5,3,7\n4,1,5,1.5,6,8\n")
    table = tables.read(path, HEADS)
    assert table.inputs["x"].tolist() == [[1, 2, 3], [4, 5, 6]]
    assert table.labels is None
    assert table.heads["gender"].tolist() == [0, 1]
    assert table.heads["place"].tolist() == [[0.5, 7], [1.5, 8]]
    found = sources.load(str(path), HEADS, purpose="evaluation", limit=1)
    assert found.head_labels["gender"].shape == (1,) and found.labels is None


def test_the_label_of_one_output_may_have_its_name(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b,c,y\n1,2,3,0\n4,5,6,1\n")
    table = tables.read(path, CONTRACT)
    assert (table.labels.tolist(), table.heads) == ([0, 1], {})


def test_a_column_that_an_input_needs_holds_no_labels(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,gender,b\n1,0,2\n4,1,5\n")
    table = tables.read(path, HEADS)
    assert table.inputs["x"].tolist() == [[1, 0, 2], [4, 1, 5]]
    assert table.heads == {}
    named = TensorSpec(
        name="x",
        shape=(1, 3),
        dtype="float32",
        preprocessing=Preprocessing(kind="tabular", columns=("a", "gender", "b")),
    )
    path.write_text("a,gender,b,place.0,place.1\n1,0,2,3,4\n4,1,5,6,7\n")
    table = tables.read(path, Contract(inputs=(named,), outputs=HEADS.outputs))
    assert list(table.heads) == ["place"]


def test_a_column_of_labels_must_be_numbers_where_an_output_has_several(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("a,b,c,place.0,place.1\n1,2,3,0.5,far\n")
    with pytest.raises(DataError, match=r"column 'place\.1'"):
        tables.read(path, HEADS)
