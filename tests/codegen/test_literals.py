"""Literals: whatever a text or a number is, source that holds it reads back."""

from __future__ import annotations

import ast
import json
import math
import re
from typing import get_args

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edgekit.codegen.identifiers import Language
from edgekit.codegen.literals import number, string, utf8

LANGUAGES = get_args(Language)


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


def test_half_a_surrogate_pair_is_replaced_where_utf8_is_the_source() -> None:
    assert string("a\ud800", "c") == '"a\\357\\277\\275"'
    assert string("a\ud800", "swift") == '"a\\u{fffd}"'
    assert string("a\ud800", "kotlin") == '"a\\ud800"'  # Kotlin's strings are UTF-16


def test_beyond_the_basic_plane_kotlin_escapes_two_units() -> None:
    assert string("\U000e0001", "kotlin") == '"\\udb40\\udc01"'
    assert string("\U000e0001", "python") == '"\\U000e0001"'
    assert string("\U000e0001", "swift") == '"\\u{e0001}"'
