"""The classes and functions that a person gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import UsageError


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
