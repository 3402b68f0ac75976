"""Models of either Keras, for inference."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import EdgekitError, ModelError


def refused(load: Any, kind: type[EdgekitError], path: Path, **request: Any) -> str:
    with pytest.raises(kind) as caught:
        load(path, **request)
    assert type(caught.value) is kind
    assert caught.value.hint, "every refusal says the next step"
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


def edited(source: Path, target: Path, edit: Callable[[dict[str, Any]], None]) -> Path:
    """A copy of a `.keras` file with another configuration."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            if name == "config.json":
                config = json.loads(content)
                edit(config)
                content = json.dumps(config).encode()
            new.writestr(name, content)
    return target


@pytest.mark.convert
def test_a_model_that_was_never_built(keras_models: Path, load_in_child: Any):
    said = refused(load_in_child, ModelError, keras_models / "k3_unbuilt.keras")
    assert "never built" in said
    assert "keras.Input" in said


@pytest.mark.convert
def test_a_subclassed_model_without_shapes(tmp_path: Path, keras_models: Path, load_in_child: Any):
    path = edited(
        keras_models / "k3_subclassed.keras",
        tmp_path / "shapeless.keras",
        lambda config: config.pop("build_config"),
    )
    said = refused(load_in_child, ModelError, path, custom_objects="my_layers3:Net")
    assert "inputs and weights are not known" in said


@pytest.mark.convert
@pytest.mark.parametrize("version", [2, 3])
def test_tensors_have_names_and_dropout_does_nothing(version: int, frontend: Any):
    found = frontend("wrapped", version=version)
    assert found["kind"] == f"keras{version}"
    assert sorted(found["inputs"]) == [["ids", [-1, 3], "int32"], ["x", [-1, 4], "float32"]]
    assert found["outputs"] == [["a", [-1, 6], "float32"], ["b", [-1, 5], "float32"]]
    assert found["limits"] == {"ids": 11}
    assert "inner/deep" in found["paths"] and "deep" in found["layers"]
    assert found["notes"] == ["n"]
    assert max(found["same"]) < 1e-5 and found["shape"] == [40, 5]


@pytest.mark.convert
@pytest.mark.parametrize(("case", "said"), [("unbuilt", "never built"), ("sparse_input", "sparse")])
def test_models_that_no_file_can_be_made_of(case: str, said: str, frontend: Any):
    with pytest.raises(ModelError) as caught:
        frontend(case)
    assert said in caught.value.received
