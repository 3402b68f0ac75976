"""Files of tfmot load without it, and compute what their ranges and masks say."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.core.errors import ModelError
from tests.frontend.load import keras2_files

pytestmark = pytest.mark.convert

TFMOT = "tensorflow_model_optimization.python.core.quantization.keras"
STEP = np.array(-1, np.int32)
RNG = np.random.default_rng(3)


def rounded(values: np.ndarray, low: Any, high: Any, *, narrow: bool = False) -> np.ndarray:
    """Fake quantization: to 255 steps, or 254, between ends that are moved so that zero is one."""
    first = 1 if narrow else 0
    scale = (np.asarray(high, np.float64) - low) / (255 - first)
    zero = np.clip(np.rint(first - low / scale), first, 255)
    codes = np.clip(np.floor(values / scale + 0.5) + zero, first, 255)
    return (codes - zero) * scale


def wrapped(
    kind: str,
    options: dict[str, Any],
    rules: dict[str, Any],
    *,
    activation: Any = None,
    scheme: str = "Default8BitQuantizeConfig",
) -> dict[str, Any]:
    """A layer in `QuantizeWrapperV2`."""
    if activation is not None:
        options["activation"] = {
            "module": f"{TFMOT}.quantize_aware_activation",
            "class_name": "QuantizeAwareActivation",
            "config": {"activation": activation},
            "registered_name": "QuantizeAwareActivation",
        }
    inner = {"module": "keras.layers", "class_name": kind, "config": options}
    everything = {"weight_attrs": [], "activation_attrs": [], "quantize_output": False}
    config = {"class_name": scheme, "config": {**everything, **rules}}
    name = f"quant_{options['name']}"
    return {
        "class_name": "QuantizeWrapperV2",
        "config": {"name": name, "layer": inner, "quantize_config": config},
    }


def quantized_file(path: Path) -> tuple[Path, np.ndarray, np.ndarray]:
    """A convolution, a ReLU and a dense layer, as `quantize_model` writes them."""
    kernel = RNG.normal(size=(1, 1, 3, 4)).astype("f4")
    matrix, bias = RNG.normal(size=(16, 2)).astype("f4"), RNG.normal(size=2).astype("f4")
    top = np.abs(kernel).max((0, 1, 2))
    wide = float(np.abs(matrix).max())
    layers = [
        {
            "class_name": "InputLayer",
            "config": {"name": "image", "batch_input_shape": [None, 2, 2, 3], "dtype": "float32"},
        },
        {
            "class_name": "QuantizeLayer",
            "config": {
                "name": "quantize_layer",
                "quantizer": {"class_name": "AllValuesQuantizer", "config": {"num_bits": 8}},
            },
        },
        wrapped(
            "Conv2D",
            {"name": "c", "filters": 4, "kernel_size": [1, 1], "use_bias": False},
            {"weight_attrs": ["kernel"], "activation_attrs": ["activation"]},
            activation={"class_name": "NoOpActivation", "config": {}},
            scheme="Default8BitConvQuantizeConfig",
        ),
        wrapped("ReLU", {"name": "r"}, {"quantize_output": True}),
        wrapped("Flatten", {"name": "f"}, {}),
        wrapped(
            "Dense",
            {"name": "y", "units": 2},
            {"weight_attrs": ["kernel"], "activation_attrs": ["activation"]},
            activation="linear",
        ),
    ]
    number = np.float32
    weights = {
        "quantize_layer": {
            "quantize_layer/quantize_layer_min": number(0),
            "quantize_layer/quantize_layer_max": number(1),
            "quantize_layer/optimizer_step": STEP,
        },
        "quant_c": {
            "c/kernel": kernel,
            "quant_c/optimizer_step": STEP,
            "quant_c/kernel_min": -top,
            "quant_c/kernel_max": top,
        },
        "quant_r": {
            "quant_r/optimizer_step": STEP,
            "quant_r/output_min": number(0),
            "quant_r/output_max": number(2.5),
        },
        "quant_f": {"quant_f/optimizer_step": STEP},
        "quant_y": {
            "y/kernel": matrix,
            "y/bias": bias,
            "quant_y/optimizer_step": STEP,
            "quant_y/kernel_min": number(-wide),
            "quant_y/kernel_max": number(wide),
            "quant_y/post_activation_min": number(-3),
            "quant_y/post_activation_max": number(4),
        },
    }
    file = keras2_files.write(path, layers, weights)
    x = RNG.random((6, 2, 2, 3)).astype("f4")
    y = rounded(x, 0, 1) @ rounded(kernel[0, 0], -top, top, narrow=True)
    y = rounded(np.maximum(y, 0), 0, 2.5).reshape(6, 16)
    y = y @ rounded(matrix, -wide, wide, narrow=True) + bias
    return file, x, rounded(y, -3, 4)


def test_a_quantized_model_rounds_to_its_trained_ranges(tmp_path: Path, load_in_child: Any):
    path, x, y = quantized_file(tmp_path / "qat.h5")
    samples = keras2_files.keep(tmp_path / "s.npz", {"image": x}, {"quant_y": y})
    found = load_in_child(path, samples=str(samples), convert=True)
    # A value between two steps may go either way.
    assert found["errors"]["quant_y"] < 1.01 * 7 / 255
    assert float(np.abs(y).max()) > 1
    assert found["export_errors"]["quant_y"] < 1e-4


def test_pruned_layers_lose_their_wrappers_and_what_the_mask_hides(
    tmp_path: Path, load_in_child: Any
):
    matrix, bias = RNG.normal(size=(5, 3)).astype("f4"), RNG.normal(size=3).astype("f4")
    mask = (np.abs(matrix) > 0.7).astype("f4")
    inner = {"class_name": "Dense", "config": {"name": "y", "units": 3}}
    first = {"name": "prune_low_magnitude_y", "layer": inner, "batch_input_shape": [None, 5]}
    schedule = {"class_name": "ConstantSparsity", "config": {"target_sparsity": 0.5}}
    layer = {"class_name": "PruneLowMagnitude", "config": {**first, "pruning_schedule": schedule}}
    name = "prune_low_magnitude_y"
    start = {
        "class_name": "InputLayer",
        "config": {"name": "x", "batch_input_shape": [None, 5], "dtype": "float32"},
    }
    weights = {
        name: {
            "y/kernel": matrix,
            "y/bias": bias,
            f"{name}/mask": mask,
            f"{name}/threshold": np.float32(0.7),
            f"{name}/pruning_step": np.array(9, np.int64),
        }
    }
    path = keras2_files.write(tmp_path / "pruned.h5", [start, layer], weights)
    x = RNG.normal(size=(6, 5)).astype("f4")
    y = x @ (matrix * mask) + bias
    samples = keras2_files.keep(tmp_path / "s.npz", {"x": x}, {"y": y})
    found = load_in_child(path, samples=str(samples), convert=True)
    assert "y" in found["layers"]
    assert name not in found["layers"]
    assert found["errors"]["y"] < 1e-5
    assert found["export_errors"]["y"] < 1e-5


def test_rules_of_another_scheme_are_refused(tmp_path: Path, load_in_child: Any):
    layer = wrapped("ReLU", {"name": "r"}, {}, scheme="MyQuantizeConfig")
    path = keras2_files.write(tmp_path / "own.h5", [layer], {})
    with pytest.raises(ModelError) as caught:
        load_in_child(path)
    assert "MyQuantizeConfig" in str(caught.value)


@pytest.mark.parametrize("activation", ["load_model", "deserialize"])
def test_an_activation_is_one_of_keras(activation: str, tmp_path: Path, load_in_child: Any):
    options = {"name": "y", "units": 2, "batch_input_shape": [None, 3]}
    layer = wrapped("Dense", options, {}, activation=activation)
    path = keras2_files.write(tmp_path / "bad.h5", [layer], {})
    with pytest.raises(ModelError) as caught:
        load_in_child(path)
    assert activation in str(caught.value)
