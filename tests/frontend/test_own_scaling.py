"""The layer that scales an input first, in models of both Keras."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.convert
BOTH = pytest.mark.parametrize("kind", ["keras3", "keras2"])


@pytest.fixture(scope="module")
def case(start_cases: Callable[[Path], Any]) -> Any:
    return start_cases(Path(__file__).parent / "describe_worker.py")


@BOTH
@pytest.mark.parametrize(
    ("first", "does", "takes_pixels"),
    [
        ("resized", "value * 0.00784314 - 1", True),
        ("divided", "value / 127.5", True),
        ("halved", "value * 0.5", False),
        ("normalized", "(value - [110, 120, 130]) / [2, 2, 2]", True),
    ],
)
def test_a_scaling_inside_the_model_is_told(kind, first, does, takes_pixels, case: Any):
    told = case("image", kind=kind, first=first)
    scaling = told["scaling"]["pixels"]
    assert (scaling["does"], scaling["takes_pixels"]) == (does, takes_pixels)
    assert told["contract"]["inputs"][0]["shape"] == [1, 8, 8, 3]
    assert told["contract"]["outputs"][0]["activation"] == "softmax"


@BOTH
@pytest.mark.parametrize("first", ["none", "twice"])
def test_no_scaling_and_two_of_them_are_none(kind, first, case: Any):
    assert case("image", kind=kind, first=first)["scaling"] == {}


def test_h5_files_tell_the_same(case: Any):
    told = case("image", kind="keras2", first="resized", ending=".h5")
    assert told["scaling"]["pixels"]["layer"] == "scale"
