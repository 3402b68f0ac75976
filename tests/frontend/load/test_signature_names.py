"""Inputs of a SavedModel by the keys of the dictionary that the model takes."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edgekit.frontend.load.signature_names import names_of_keys


class Spec:
    """Shape and dtype of a tensor, as TensorFlow gives them."""

    def __init__(self, size: int, dtype: str = "float32") -> None:
        self.shape, self.dtype = self, dtype
        self.size = size

    def is_compatible_with(self, other: Spec) -> bool:
        return self.size == other.size


def loaded(*arguments: Any) -> SimpleNamespace:
    concrete = SimpleNamespace(structured_input_signature=(arguments, {}))
    return SimpleNamespace(other=1, serve=SimpleNamespace(concrete_functions=[concrete]))


def test_keys_by_their_order():
    specs = {"args_0": Spec(1), "args_0_10": Spec(3), "args_0_2": Spec(2)}
    found = names_of_keys(loaded({"c": Spec(3), "a": Spec(1), "b": Spec(2)}), specs)
    assert found == {"args_0": "a", "args_0_2": "b", "args_0_10": "c"}


@pytest.mark.parametrize(
    ("names", "argument"),
    [
        (("x", "args_0_1"), {"a": Spec(1), "b": Spec(2)}),  # names of its own
        (("args_0", "args_0_1"), [Spec(1), Spec(2)]),  # no dictionary
        (("args_0", "args_0_1"), {"a": Spec(2), "b": Spec(1)}),  # other shapes
        (("args_0", "args_0_1"), {"a": Spec(1), "b": Spec(2, "int32")}),
        (("args_0", "args_0_1"), {"a": Spec(1)}),
        (("args_0", "args_0_1"), {"p": {"a": Spec(1)}, "q": {"a": Spec(2)}}),  # one key twice
    ],
)
def test_in_doubt_the_signature_has_its_way(names: tuple[str, str], argument: Any):
    assert names_of_keys(loaded(argument), dict(zip(names, (Spec(1), Spec(2)), strict=True))) == {}


@pytest.mark.convert
def test_of_a_model_that_keras_exported(frontend: Any, tmp_path: Path):
    found = frontend("saved_by_keys", folder=str(tmp_path))
    assert found["inputs"] == [["item", [-1, 4]], ["user", [-1, 3]]]
    assert found["difference"] < 1e-6
    assert found["db"] > 80
