"""Spelling of TOML: whatever a name holds, it comes back and ends nothing."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import UsageError
from edgekit.pipeline.init import toml


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=20))
def test_any_text_survives_as_a_string_and_as_a_key(value):
    line = f"{toml.key(value)} = {toml.string(value)}"
    assert tomllib.loads(line) == {value: value}


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_no_name_ends_a_comment(value):
    assert tomllib.loads("\n".join(toml.comment(toml.string(value)))) == {}


def test_a_name_that_is_no_text_is_refused():
    with pytest.raises(UsageError, match="must be text"):
        toml.string("caf\udce9")


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | st.integers(0, 9)))
def test_arrays_come_back(values):
    assert tomllib.loads(f"x = {toml.array(values)}") == {"x": values}


def test_what_is_switched_off_says_nothing_and_can_be_switched_on():
    lines = ["[data]", "", 'calibration = "data.npz"']
    off = toml.off(lines)
    assert tomllib.loads("\n".join(off)) == {}
    assert [line.removeprefix("#").strip() for line in off] == lines


def test_paths_are_relative_to_the_file_with_slashes(tmp_path):
    inside, beside = tmp_path / "a" / "b.npz", tmp_path / "c.npz"
    assert toml.place(inside, tmp_path) == '"a/b.npz"'
    assert toml.place(beside, tmp_path / "a") == '"../c.npz"'


def test_blocks_stand_apart_and_empty_ones_are_gone():
    assert toml.joined(["a"], [], ["b", "c"]) == ["a", "", "b", "c"]


def test_comments_are_broken_into_lines_that_fit():
    lines = toml.comment("word " * 100)
    assert len(lines) > 1 and all(len(line) <= 94 and line.startswith("# ") for line in lines)
    assert " ".join(line[2:] for line in lines) == " ".join(["word"] * 100)
