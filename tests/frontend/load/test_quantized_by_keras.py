"""Models that Keras quantized are refused with the layer and the way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import ModelError
from edgekit.frontend.load import quantized_by_keras
from tests.frontend.trust.configs import Config, layer


def policy(kind: str, **options: Any) -> Config:
    return {"module": "keras.dtype_policies", "class_name": kind, "config": options}


@pytest.mark.parametrize(
    ("dtype", "named"),
    [
        (policy("QuantizedDTypePolicy", mode="int8", source_name="float32"), "'int8'"),
        (policy("Int4DTypePolicy", mode="int4/128", source_name="float32"), "'int4/128'"),
        (policy("QuantizedFloat8DTypePolicy", mode="float8"), "'float8'"),
        (policy("GPTQDTypePolicy", mode="gptq/4/32"), "'gptq/4/32'"),
        ("int8_from_float32", "'int8_from_float32'"),
    ],
)
def test_a_quantized_layer_is_named(dtype: Any, named: str):
    config = {"class_name": "Sequential", "config": {"layers": [layer("Dense", {"dtype": dtype})]}}
    with pytest.raises(ModelError) as caught:
        quantized_by_keras.refuse(config, "m.keras")
    said = str(caught.value)
    assert named in said
    assert "'z'" in said
    assert "before model.quantize" in said


@pytest.mark.parametrize(
    "dtype", ["float32", "mixed_float16", policy("DTypePolicy", name="float32"), None]
)
def test_other_policies_are_none(dtype: Any):
    quantized_by_keras.refuse({"class_name": "Dense", "config": {"dtype": dtype}}, "m.keras")


@pytest.mark.convert
def test_of_a_saved_model_the_kernel_tells(frontend: Any, tmp_path: Path):
    with pytest.raises(ModelError) as caught:
        frontend("saved_after_quantize", folder=str(tmp_path))
    said = str(caught.value)
    assert "kernel of int8" in said
    assert "before model.quantize" in said
