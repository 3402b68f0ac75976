"""Which classes and functions of a model are the person's own, and who can import them."""

from __future__ import annotations

import runpy
import sys
import types
from collections import OrderedDict
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from edgekit.frontend.live.own_objects import NAME, own_objects


class Here:
    """Of a test module, which no other process imports by its name."""


def own_function() -> None:
    """Likewise."""


class Model:
    """A model whose layers hold what they are given."""

    def __init__(self, **values: Any) -> None:
        for name, value in values.items():
            setattr(self, name, value)

    def _flatten_layers(self) -> list[Any]:
        return [self]

    def build(self) -> None:
        """Of the class: what the instance has of that name is no setting."""


Model.__module__ = "keras.src.models"


@pytest.fixture(autouse=True)
def keras(monkeypatch: pytest.MonkeyPatch) -> None:
    saving = types.SimpleNamespace(get_registered_name=lambda value: f"Mine>{value.__name__}")
    monkeypatch.setitem(sys.modules, "keras", types.SimpleNamespace(saving=saving))  # type: ignore[arg-type]


def test_a_model_of_the_library_needs_nothing(tmp_path: Path):
    own = own_objects(Model(units=3, dtype="float32", values=[1, None], build=own_function))
    assert own.places == {} and own.elsewhere == () and own.write(tmp_path / "own.py") is None


def test_what_can_be_imported_is_passed_on_by_each_of_its_names(tmp_path: Path):
    own = own_objects(Model(activation=OrderedDict, cells=[Fraction]))
    assert own.elsewhere == ()
    assert own.places["OrderedDict"] == ("collections", "OrderedDict")
    assert own.places["Mine>Fraction"] == ("fractions", "Fraction")
    place = own.write(tmp_path / "own.py")
    assert place == f"{tmp_path / 'own.py'}:{NAME}"
    before = list(sys.path)
    try:
        objects = runpy.run_path(str(tmp_path / "own.py"))[NAME]
    finally:
        sys.path[:] = before
    assert objects["Fraction"] is objects["Mine>Fraction"] is Fraction


def test_what_cannot_be_imported_is_named():
    class Inner:
        pass

    own = own_objects(Model(a=lambda x: x, b=Inner, _hidden=Here))
    first, second = own.elsewhere
    assert first.endswith("<lambda>") and second.endswith("Inner")
