"""Identifiers: ASCII, different, and no word of the language."""

from __future__ import annotations

import keyword
import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.codegen import identifiers
from edgekit.codegen.identifiers import Language

LANGUAGES = get_args(Language)
STYLES = (identifiers.pascal, identifiers.camel, identifiers.snake)
ODD = st.one_of(
    st.sampled_from(
        ["", "class", "fun", "let", "int", "a b", "a_b", "aB", "9", "Größe", "数字", "_"]
    ),
    st.text(max_size=8),
)


@given(st.lists(ODD, unique=True, max_size=8), st.sampled_from(LANGUAGES), st.sampled_from(STYLES))
def test_identifiers_are_different_ascii_and_not_taken(
    given_names: list[str], language: Language, style: identifiers.Callable[[str], str]
) -> None:
    made = identifiers.unique(given_names, style, language, taken=("taken", "Taken"))
    assert list(made) == given_names
    assert len(set(made.values())) == len(made)
    for identifier in made.values():
        assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", identifier)
        assert identifier not in ("taken", "Taken")
        assert not (language == "python" and keyword.iskeyword(identifier))


@pytest.mark.parametrize(
    ("language", "word"),
    [("kotlin", "fun"), ("kotlin", "when"), ("swift", "init"), ("swift", "self"), ("c", "int")],
)
def test_reserved_words_become_something_else(language: Language, word: str) -> None:
    assert identifiers.unique([word], identifiers.camel, language) == {word: f"{word}Value"}
