"""Identifiers and literals: whatever a name or number is, source that holds it reads back."""

from __future__ import annotations

import ast
import json
import keyword
import math
import re
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit.codegen import identifiers
from edgekit.codegen.identifiers import Language
from edgekit.codegen.literals import number, string, utf8

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


@given(st.text())
def test_a_python_literal_reads_back(text: str) -> None:
    literal = string(text, "python")
    assert ast.literal_eval(literal) == text
    assert len(literal.splitlines()) == 1


@given(st.text())
def test_a_kotlin_literal_reads_back(text: str) -> None:
    # Without dollars, Kotlin's literals are JSON's; with them they begin a template.
    literal = string(text, "kotlin")
    assert re.search(r"(?<!\\)\$", literal.replace("\\\\", "")) is None
    assert json.loads(literal.replace("\\$", "$")) == text
    assert len(literal.splitlines()) == 1


@given(st.text(st.characters(exclude_categories=("Cs",))))
def test_a_swift_literal_reads_back(text: str) -> None:
    literal = string(text, "swift")[1:-1]
    plain = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}

    assert re.sub(r"\\(?:u\{([0-9a-f]+)\}|(.))", lambda m: one_of(m, plain), literal) == text
    assert len(literal.splitlines()) <= 1


def one_of(found: re.Match[str], plain: dict[str, str]) -> str:
    return chr(int(found[1], 16)) if found[1] else plain[found[2]]


@given(st.text())
def test_a_c_literal_is_ascii_and_holds_the_utf8(text: str) -> None:
    literal = string(text, "c")[1:-1]
    assert literal.isascii() and literal.isprintable()
    assert "??" not in literal  # a trigraph
    plain = {"n": b"\n", "r": b"\r", "t": b"\t", '"': b'"', "\\": b"\\", "?": b"?"}
    read, at = b"", 0
    while at < len(literal):
        if literal[at] != "\\":
            read, at = read + literal[at].encode(), at + 1
        elif literal[at + 1] in plain:
            read, at = read + plain[literal[at + 1]], at + 2
        else:
            read, at = read + bytes([int(literal[at + 1 : at + 4], 8)]), at + 4
    assert read == utf8(text)


@given(st.floats(width=32), st.sampled_from(LANGUAGES))
def test_a_number_reads_back_as_the_same_float(value: float, language: Language) -> None:
    literal = number(value, language)
    if math.isfinite(value):
        assert re.fullmatch(r"-?\d+(\.\d+)?(e[+-]?\d+)?f?", literal)
        assert literal.endswith("f") == (language in ("kotlin", "c"))
        assert np.float32(literal.rstrip("f")).tobytes() == np.float32(value).tobytes()
    else:
        assert not re.match(r"-?\d", literal)


def test_what_no_float32_holds_becomes_infinite() -> None:
    assert number(1e39, "c") == "INFINITY"
    assert number(-1e39, "kotlin") == "Float.NEGATIVE_INFINITY"
    assert math.isnan(eval(number(math.nan, "python")))
    assert eval(number(-math.inf, "python")) == -math.inf
