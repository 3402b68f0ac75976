"""Live models and samples in memory through a whole conversion."""

from __future__ import annotations

from typing import Any

import pytest

from edgekit.core.errors import DataError

pytestmark = pytest.mark.convert


@pytest.mark.parametrize(
    ("name", "recipe", "data"),
    [("dense", "static_wi8_ai8", "dataset"), ("local", "dynamic_wi8_afp32", "generator")],
)
def test_a_live_model_becomes_files(name: str, recipe: str, data: str, case: Any):
    made = case("convert", name=name, recipe=recipe, data=data)
    written = {"m.float32.tflite", "m.golden.npz", "m.float32.json", f"m.{recipe}.tflite"}
    assert written <= set(made["files"])
    assert made["unchanged"] and made["sqnr_db"] > 80 and len(made["source"]) == 64
    assert made["golden"] == "calibration data given in Python"
    assert made["agreement"][0] == 1.0 and made["agreement"][1] >= 0.8
    assert made["table"] == "<table></table>"


def test_an_endless_dataset_is_refused_before_anything_begins(case: Any):
    with pytest.raises(DataError, match=r"repeats for ever[\s\S]*dataset.take"):
        case("convert", name="dense", recipe="static_wi8_ai8", data="endless")
