"""What tf_keras would build from a SavedModel beside its graph."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import ModelError, UnsafeModelError
from tests.frontend.trust.configs import gadgets

pytestmark = pytest.mark.convert


@pytest.mark.parametrize("kind", ["honest", "unsafe"])
def test_an_honest_model_passes(kind: str, frontend: Any) -> None:
    assert frontend("metadata", kind=kind) is None


@pytest.mark.parametrize(
    ("kind", "error"),
    [("code", ModelError), ("damaged", ModelError), ("metric", UnsafeModelError)],
)
def test_classes_that_are_not_keras_own_metrics_that_call_and_damage(
    kind: str, error: type[ModelError], frontend: Any
) -> None:
    with pytest.raises(error):
        frontend("metadata", kind=kind)


def test_the_description_in_a_saved_model_reaches_no_code(tmp_path: Path, case: Any):
    planted = gadgets(tmp_path)
    said = case("saved_description", folder=str(tmp_path / "m"), gadgets=planted, metric="get")
    assert said.pop("honest") == ""
    assert "damaged" in said.pop("cut")
    assert len(said) == 2 * len(planted)
    for name, text in said.items():
        assert text, name
        assert "--unsafe" in text, name
