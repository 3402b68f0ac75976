"""SavedModels of one serving signature."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import EdgekitError, ModelError, UnsafeModelError


def refused(load: Any, kind: type[EdgekitError], path: Path, **request: Any) -> str:
    with pytest.raises(kind) as caught:
        load(path, **request)
    assert type(caught.value) is kind
    assert caught.value.hint, "every refusal says the next step"
    assert "Traceback" not in str(caught.value)
    return str(caught.value)


@pytest.mark.convert
def test_a_saved_model_that_reads_files(keras_models: Path, load_in_child: Any):
    said = refused(load_in_child, UnsafeModelError, keras_models / "reads")
    assert "ReadFile" in said


@pytest.mark.convert
def test_a_saved_model_with_two_signatures_and_none_to_serve(
    keras_models: Path, load_in_child: Any
):
    said = refused(load_in_child, ModelError, keras_models / "two_signatures")
    assert "one, two" in said


@pytest.mark.convert
def test_a_damaged_saved_model(tmp_path: Path, keras_models: Path, load_in_child: Any):
    cut = shutil.copytree(keras_models / "k2_saved", tmp_path / "cut")
    content = (cut / "saved_model.pb").read_bytes()
    (cut / "saved_model.pb").write_bytes(content[: len(content) // 2])
    assert "could not read the SavedModel" in refused(load_in_child, ModelError, cut)
    bare = shutil.copytree(keras_models / "k2_saved", tmp_path / "bare")
    shutil.rmtree(bare / "variables")
    assert "variables" in refused(load_in_child, ModelError, bare)


@pytest.mark.convert
@pytest.mark.parametrize(
    ("kind", "name"), [("only", "some"), ("usual", "serving_default"), ("serve", "serve")]
)
def test_the_signature_that_serves_is_taken(kind: str, name: str, frontend: Any):
    found = frontend("served", kind=kind)
    assert found["notes"] == [f"SavedModel signature {name!r}"]
    assert found["inputs"] == [["x", [-1, 3], "float32"]]
    assert found["outputs"] == [["y", [-1, 2], "float32"]]
    assert found["layers"] == ["net"]


@pytest.mark.convert
@pytest.mark.parametrize(
    ("kind", "received"),
    [("two", "has one, two"), ("none", "no signatures"), ("rank", "of unknown rank")],
)
def test_signatures_that_cannot_be_served(kind: str, received: str, frontend: Any):
    with pytest.raises(ModelError) as caught:
        frontend("served", kind=kind)
    assert caught.value.received.endswith(received)
