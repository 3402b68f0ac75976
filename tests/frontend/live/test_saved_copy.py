"""A live model is saved without loss, and stays as it is."""

from __future__ import annotations

from typing import Any

import pytest

from edgekit.core.errors import ModelError, UsageError

pytestmark = pytest.mark.convert


@pytest.mark.parametrize(
    ("name", "file", "objects"),
    [
        ("dense", "m.keras", False),
        ("own", "m.keras", True),
        ("subclassed", "m.keras", True),
        ("keras2", "m.h5", False),
        ("module", "m", False),
    ],
)
def test_a_copy_computes_the_same(name: str, file: str, objects: bool, case: Any):
    copy = case("save", name=name)
    assert (copy["file"], copy["objects"], copy["only_here"]) == (file, objects, "")
    assert copy["error"] < 1e-5 and copy["unchanged"] and copy["equal"]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("local", "live_cases.Local cannot be imported"),
        ("lambda", "<lambda> cannot be imported"),
        ("closed", "it cannot be saved (NotImplementedError"),
        ("keras2_local", "live_cases.Local2 cannot be imported"),
    ],
)
def test_what_no_other_process_can_load_is_named(name: str, why: str, case: Any):
    copy = case("save", name=name)
    assert copy["file"] == "m.npz" and why in copy["only_here"]
    assert copy["unchanged"] and copy["equal"]


def test_inputs_are_named_in_their_order(case: Any):
    assert case("save", name="dense")["inputs"] == ["feat"]
    assert case("save", name="subclassed")["inputs"] == ["x"]


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("unbuilt", ModelError, "was never built"),
        ("class", UsageError, "the class Sequential"),
        ("layer", UsageError, "the layer 'dense"),
        ("silent", UsageError, "input_signature"),
    ],
)
def test_what_cannot_be_converted_is_refused(name: str, kind: type, said: str, case: Any):
    with pytest.raises(kind, match=said):
        case("save", name=name)
