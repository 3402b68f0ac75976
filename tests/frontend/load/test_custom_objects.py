"""The classes and functions that a person gives."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import UsageError
from edgekit.frontend.load import custom_objects


@pytest.mark.convert
@pytest.mark.parametrize(
    ("objects", "said"),
    [
        ("my_layers3", "module:NAME"),
        ("no_such_module:Scale", "No module named 'no_such_module'"),
        ("my_layers3:Scael", "did you mean 'Scale'?"),
        ("my_layers3:NUMBER", "is a int"),
    ],
)
def test_custom_objects_that_do_not_exist(
    objects: str, said: str, keras_models: Path, load_in_child: Any
):
    path = keras_models / "k3_custom.keras"
    with pytest.raises(UsageError) as caught:
        load_in_child(path, custom_objects=objects)
    assert said in str(caught.value)


@pytest.fixture
def my_layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A module of the person's own in the working folder."""
    (tmp_path / "own_layers.py").write_text(
        "class Scale: pass\nclass _Hidden: pass\nNICK = Scale\nALL = {'s': Scale, 1: Scale}\n"
        "NUMBER = 3\n"
    )
    (tmp_path / "broken_layers.py").write_text("import no_such_package\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    yield
    sys.modules.pop("own_layers", None)


def test_a_class_a_dict_and_another_name(my_layers: None):
    assert custom_objects.import_objects(None) == {}
    assert set(custom_objects.import_objects("own_layers:Scale")) == {"Scale"}
    assert set(custom_objects.import_objects("own_layers:ALL")) == {"s", "1"}
    # A file knows a class by the name that it was written with.
    assert set(custom_objects.import_objects("own_layers:NICK")) == {"NICK", "Scale"}


@pytest.mark.parametrize(
    ("source", "received"),
    [
        ("own_layers", "'own_layers'"),
        (":Scale", "':Scale'"),
        ("own_layers:Scaale", "own_layers:Scaale"),
        ("own_layers:NUMBER", "own_layers:NUMBER is a int"),
        ("broken_layers:Scale", "ModuleNotFoundError: No module named 'no_such_package'"),
    ],
)
def test_what_is_no_class_or_function(my_layers: None, source: str, received: str):
    with pytest.raises(UsageError) as caught:
        custom_objects.import_objects(source)
    assert caught.value.received.endswith(received)


@pytest.mark.convert
def test_registered_names_are_found_by_their_last_part(frontend: Any):
    assert frontend("registered_names") == {
        "mine>Scale": "mine>Scale",
        "Scale": "mine>Scale",
        "cale": None,
        "Dense": None,
        "keras 2": None,
    }


@pytest.mark.convert
def test_operations_that_are_no_layers_are_known_by_class(frontend: Any):
    found = frontend("known_operations")
    assert "NotEqual" in found["some"]
    assert found["layers"] == []  # those of the same name are layers in a file
    assert found["all are"]
