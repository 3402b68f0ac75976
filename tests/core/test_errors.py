"""Errors: their text, their way between processes, and the door at which files are read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.core.errors import DataError, ModelError, reading
from edgekit.core.text import printable


@given(st.text())
def test_printable_text_is_one_line_without_control_characters(text: str) -> None:
    assert printable(text).isprintable()


@given(st.text(alphabet=st.characters(categories=["L", "N", "P", "S"])))
def test_printable_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


@pytest.mark.parametrize(
    "raised",
    [RuntimeError("bad"), KeyError("bad"), RecursionError("bad"), OSError(5, "bad"), ValueError()],
)
def test_whatever_a_library_raises_is_the_files_fault(raised: Exception) -> None:
    with pytest.raises(ModelError) as caught, reading("m.h5", "It is damaged.", kind=ModelError):
        raise raised
    assert "m.h5" in str(caught.value)


def test_an_error_that_is_clear_already_passes_the_door() -> None:
    clear = DataError("Clear.")
    with pytest.raises(DataError) as caught, reading("m.h5", "It is damaged.", kind=ModelError):
        raise clear
    assert caught.value is clear
