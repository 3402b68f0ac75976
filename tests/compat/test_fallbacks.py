"""Ways round that were taken are kept until they are cleared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from edgekit.compat import fallbacks


@pytest.fixture(autouse=True)
def none_taken() -> Iterator[None]:
    fallbacks.clear()
    yield
    fallbacks.clear()


def test_the_last_reason_is_kept():
    fallbacks.note("convert_directly", "first")
    fallbacks.note("convert_directly", AttributeError("no such name"))
    assert fallbacks.taken() == {"convert_directly": "AttributeError: no such name"}


def test_what_is_returned_is_a_copy():
    fallbacks.taken()["x"] = "y"
    assert fallbacks.taken() == {}
