"""Arguments are held against annotations, and the error says what is taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict, Unpack

import numpy as np
import pytest

from edgekit.core.arguments import checked, checked_record, shown
from edgekit.core.errors import ArgumentError, EdgekitError


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Of every kind that options have."""

    name: str = ""
    count: int = 1
    share: float | None = None
    kinds: tuple[str, ...] = ()
    device: Literal["cpu", "npu"] = "cpu"

    def __post_init__(self) -> None:
        assert self.share is None or self.share < 2  # fails for text, were it not refused before


@checked_record
@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Of what must be given."""

    left: str
    right: str


class More(TypedDict, total=False):
    """Keywords."""

    shapes: Mapping[str, Sequence[int]] | None


@checked
def work(
    path: Path | str,
    *,
    options: Options | None = None,
    report: Callable[[str], None] = print,
    **more: Unpack[More],
) -> str:
    """Do nothing."""
    return f"{path} {options} {more}"


def test_what_fits_is_passed_on():
    assert work("a", options=Options(name="b"), shapes={"x": [1, 2]}).startswith("a Options")
    assert work(Path("a"), shapes=None) == "a None {'shapes': None}"
    assert Options(count=np.int64(3), share=np.float32(0.5), kinds=["a", "b"]).kinds == ("a", "b")
    assert work.__name__ == "work" and work.__doc__ == "Do nothing."


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: work(1), "work: path must be a path or text."),
        (lambda: work("a\0b"), "Received: 'a\\x00b'"),
        (lambda: work("a", options=Options), "Received: the class Options"),
        (lambda: work("a", options={"name": "b"}), "must be a Options or None"),
        (lambda: work("a", report=1), "report must be a function"),
        (lambda: work("a", shapes={"x": "12"}), "a dictionary by name of a tuple or list of"),
        (lambda: work("a", shape={}), "Hint: did you mean 'shapes'?"),
        (lambda: work("a", option=None), "Hint: did you mean 'options'?"),
        (lambda: work(), "missing a required argument: 'path'"),
        (lambda: Options(name=1), "Options: name must be text."),
        (lambda: Options(count=True), "count must be an integer.\n  Received: True"),
        (lambda: Options(share="half"), "share must be a number or None."),
        (lambda: Options(kinds="abc"), "Hint: write kinds=('abc',)."),
        (lambda: Options(kinds=["a", 1]), "kinds must be a tuple or list of texts."),
        (lambda: Options(device="npuu"), "Hint: did you mean 'npu'?"),
        (lambda: Options(device=[]), "device must be one of cpu, npu."),
        (lambda: Options(nme="a"), "Hint: did you mean 'name'?"),
        (lambda: Options("a"), "Hint: Options(name=...)."),
        (lambda: Pair(left="a"), "Pair must be given right.\n  Received: left"),
    ],
)
def test_what_does_not_fit_is_refused(call: Callable[[], object], said: str):
    with pytest.raises(ArgumentError) as caught:
        call()
    assert said in str(caught.value)
    assert isinstance(caught.value, EdgekitError) and isinstance(caught.value, TypeError)


def test_values_are_shown_briefly():
    assert shown(np.zeros((3, 4))) == "a ndarray of shape (3, 4)"
    assert shown("x" * 500).endswith("...") and len(shown("x" * 500)) < 100
    assert shown(object()) == "an object"
