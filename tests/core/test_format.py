"""Sizes as people write them."""

from __future__ import annotations

import pytest

from edgekit.core.format import parse_bytes


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("318144", 318_144),
        ("1", 1),
        ("400kB", 400_000),
        ("400KB", 400_000),
        ("400 kB", 400_000),
        ("1.5MB", 1_500_000),
        ("64KiB", 65_536),
        ("0.5MiB", 524_288),
        (" 12 B ", 12),
    ],
)
def test_a_size_is_a_number_with_a_unit_or_none(text, size):
    assert parse_bytes(text) == size


@pytest.mark.parametrize(
    "text",
    [
        *("", "kB", "400 bananas", "400kb", "400k", "-1", "0", "0.4B", "1e5", "nan", "inf"),
        *("4,5MB", "٤٠٠", "9" * 400 + ".5MB"),
    ],
)
def test_anything_else_is_refused_with_what_one_is(text):
    with pytest.raises(ValueError, match="is not a size in bytes, such as 400000, 400kB"):
        parse_bytes(text)
