"""SavedModels that compute in float64, loops included, are made float32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.convert


def test_a_saved_model_of_float64_computes_the_same(frontend: Any, tmp_path: Path):
    found = frontend("saved_in_float64", folder=str(tmp_path))
    assert found["dtypes"] == ["float32", "float32"]
    assert "float64 was made float32" in found["notes"]
    assert found["same"] > 80
    assert found["db"] > 80
