"""What is given as a model is told by the libraries that are imported, and none is imported."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import numpy as np
import pytest

from edgekit.core.errors import EdgekitError, ModelError, UsageError
from edgekit.frontend.live.live_model import library


class Model:
    """Stands for `keras.Model`."""

    name = "m"
    built = True


class Layer:
    """Stands for `keras.layers.Layer`."""

    name = "dense_1"


@pytest.fixture
def keras(monkeypatch: pytest.MonkeyPatch) -> None:
    made = types.SimpleNamespace(Model=Model, layers=types.SimpleNamespace(Layer=Layer))
    monkeypatch.setitem(sys.modules, "keras", made)  # type: ignore[arg-type]
    for name in ("tf_keras", "tensorflow"):
        monkeypatch.delitem(sys.modules, name, raising=False)


@pytest.mark.usefixtures("keras")
def test_a_keras_model_is_one_when_it_is_built():
    assert library(Model()) == "keras"
    lazy = Model()
    lazy.built = False
    with pytest.raises(ModelError, match=r"never built[\s\S]*model\(x\[:1\]\)"):
        library(lazy)
    with pytest.raises(UsageError, match=r"the class Model[\s\S]*Model\(\.\.\.\)"):
        library(Model)
    with pytest.raises(UsageError, match=r"the layer 'dense_1'[\s\S]*keras.Sequential"):
        library(Layer())


@pytest.mark.parametrize(
    "value",
    [None, 1, b"TFL3", [], {}, object(), np.zeros(3), len, type, Path],
    ids=lambda value: type(value).__name__,
)
def test_anything_else_is_refused_and_imports_nothing(value: object):
    before = set(sys.modules)
    with pytest.raises(EdgekitError, match="A model must be a path") as caught:
        library(value)
    assert caught.value.received and caught.value.hint
    assert not {"tensorflow", "keras", "tf_keras"} & (set(sys.modules) - before)


def test_models_of_other_libraries_have_their_own_hint():
    module = type("Net", (), {"__module__": "torch.nn.modules"})
    with pytest.raises(UsageError, match="litert-torch"):
        library(module())
