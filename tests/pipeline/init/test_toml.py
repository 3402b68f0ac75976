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
    with pytest.raises(UsageError, match="are text"):
        toml.string("caf\udce9")
