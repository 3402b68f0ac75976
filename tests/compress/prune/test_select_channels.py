"""Which groups of channels a person means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from edgekit.compress.prune import select_channels
from edgekit.core.errors import UsageError

pytestmark = pytest.mark.convert
Do = Callable[..., dict[str, Any]]


@pytest.mark.parametrize(
    ("selectors", "selected"),
    [
        ({}, ["stem", "inner"]),
        ({"layers": ["inner"]}, ["inner"]),
        ({"layers": ["back"]}, ["stem"]),  # by a layer that is coupled to it
        ({"layers": ["norm"]}, ["stem"]),  # by a layer that hands the channels on
        ({"layers": ["i.*", "stem"]}, ["stem", "inner"]),
        ({"keep": ["back"]}, ["inner"]),
        ({"keep": ["head"]}, ["stem", "inner"]),
        ({"layers": [".*"], "keep": ["in+er"]}, ["stem"]),
    ],
)
def test_selectors_choose_groups(
    surgery: Do, selectors: dict[str, list[str]], selected: list[str]
) -> None:
    assert surgery("describe", small="residual", **selectors)["selected"] == selected


def test_selectors_reach_into_nested_models_by_either_name(surgery: Do) -> None:
    for name in ("conv", "tower/conv", "tower/.*"):
        found = surgery("describe", small="twins", layers=[name])["selected"]
        assert "tower/conv" in found


@pytest.mark.parametrize(
    ("selectors", "told"),
    [
        ({"layers": ["iner"]}, "did you mean 'inner'?"),
        ({"keep": ["stems"]}, "did you mean 'stem'?"),
        ({"layers": ["head"]}, "whose channels must stay"),
        ({"layers": ["("]}, "regular expression"),
    ],
)
def test_selectors_that_select_nothing_are_errors(
    surgery: Do, selectors: dict[str, list[str]], told: str
) -> None:
    with pytest.raises(UsageError) as caught:
        surgery("describe", small="residual", **selectors)
    assert told in str(caught.value)


def test_a_selector_of_a_layer_that_is_left_alone_says_why(surgery: Do) -> None:
    with pytest.raises(UsageError, match="normalises across channels"):
        surgery("describe", small="unknown", layers=["norm"])


NAMES = ["stem", "block/conv.1", "block/conv.2", "head"]


@pytest.mark.parametrize(
    ("selector", "found"),
    [
        ("stem", ["stem"]),
        ("conv.1", ["block/conv.1"]),  # a nested layer's own name
        ("block/.*", ["block/conv.1", "block/conv.2"]),
        (r"conv\.\d", ["block/conv.1", "block/conv.2"]),
        ("conv", None),  # whole names only
    ],
)
def test_a_selector_matches_whole_names(selector: str, found: list[str] | None) -> None:
    if found is not None:
        assert list(select_channels.matching(selector, NAMES)) == found
        return
    with pytest.raises(UsageError, match=r"the layers are stem, block/conv\.1"):
        select_channels.matching(selector, NAMES)


def test_a_name_that_is_no_pattern_is_still_a_name() -> None:
    assert select_channels.matching("a(b", ["a(b"]) == ("a(b",)
    with pytest.raises(UsageError) as caught:
        select_channels.matching("a(b", ["c"])
    assert caught.value.received.startswith("'a(b': ")
