"""Files of weights alone, with a function that builds their model."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import EdgekitError, ModelError, UsageError

pytestmark = pytest.mark.convert

BUILDERS = """
import keras, tf_keras
import my_layers2, my_layers3

def _net(keras, layers, units=2):
    x = keras.Input((4,), name="x")
    return keras.Model(x, keras.layers.Dense(units, name="y")(layers.Scale(3.0)(x)))

def three():
    return _net(keras, my_layers3)

def two():
    return _net(tf_keras, my_layers2)

def wider():
    return _net(keras, my_layers3, 5)

def never():
    return keras.Sequential([keras.layers.Dense(2)])

def broken():
    raise RuntimeError("no such file")

def nothing():
    return None
"""


@pytest.fixture(scope="module")
def folder(keras_models: Path) -> Path:
    (keras_models / "builders.py").write_text(BUILDERS)
    return keras_models


@pytest.mark.parametrize(("prefix", "function"), [("k3", "three"), ("k2", "two")])
@pytest.mark.parametrize("ending", [".weights.h5", "_custom.h5"])
def test_weights_find_their_model(
    prefix: str, function: str, ending: str, folder: Path, load_in_child: Any
):
    found = load_in_child(
        folder / f"{prefix}{ending}",
        builder=f"builders:{function}",
        samples=str(folder / f"{prefix}_custom.npz"),
    )
    assert found["errors"]["y"] < 1e-5
    assert f"built by builders:{function}" in found["notes"]


@pytest.mark.parametrize(
    ("function", "kind", "said"),
    [
        ("wider", ModelError, "k3.weights.h5"),
        ("never", ModelError, "never built"),
        ("broken", UsageError, "RuntimeError: no such file"),
        ("nothing", UsageError, "returned a NoneType"),
        ("thre", UsageError, "did you mean 'three'?"),
    ],
)
def test_what_does_not_fit_is_refused(
    function: str, kind: type[EdgekitError], said: str, folder: Path, load_in_child: Any
):
    with pytest.raises(kind) as caught:
        load_in_child(folder / "k3.weights.h5", builder=f"builders:{function}")
    assert said in str(caught.value)
    assert caught.value.hint


def test_a_checkpoint_finds_its_model(folder: Path, load_in_child: Any):
    found = load_in_child(
        folder / "k2_checkpoint" / "net.index",
        builder="builders:two",
        samples=str(folder / "k2_custom.npz"),
    )
    assert found["errors"]["y"] < 1e-5


def test_a_checkpoint_is_of_keras_2(folder: Path, load_in_child: Any, tmp_path: Path):
    index = tmp_path / "net.index"
    index.write_bytes(b"not a checkpoint")
    with pytest.raises(ModelError) as caught:
        load_in_child(index, builder="builders:three")
    assert "Keras 2" in str(caught.value)
    with pytest.raises(ModelError):
        load_in_child(index, builder="builders:two")


def test_a_file_that_is_not_there(folder: Path, load_in_child: Any):
    with pytest.raises(ModelError) as caught:
        load_in_child(folder / "none.weights.h5", builder="builders:three")
    assert "not found" in str(caught.value)
