"""Files of Keras 2.0 to 2.2: a GRU that does not say where it resets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.frontend.load.old_keras import with_reset_after
from tests.frontend.load import keras2_files

UNITS, FEATURES, STEPS = 4, 3, 5


def gru(**more: Any) -> dict[str, Any]:
    return {"class_name": "GRU", "config": {"name": "gru_1", "units": UNITS, **more}}


@pytest.mark.parametrize(
    ("stored", "after"),
    [
        ([("gru_1/gru_1/bias:0", (12,))], False),
        ([("gru_1/gru_1/bias:0", (2, 12))], True),
        ([("other/bias:0", (2, 12))], False),
        ([], False),  # without a bias
    ],
)
def test_the_shape_of_the_bias_tells(stored: Any, after: bool):
    config = {"class_name": "Sequential", "config": [gru()]}
    found = with_reset_after(config, stored)
    assert found["config"][0]["config"]["reset_after"] is after
    assert "reset_after" not in config["config"][0]["config"]


def test_what_is_said_stays():
    config = {"class_name": "Sequential", "config": [gru(reset_after=True)]}
    assert with_reset_after(config, [("gru_1/bias:0", (12,))]) is config


def test_a_cell_and_what_a_wrapper_holds_are_found():
    cell = {"class_name": "GRUCell", "config": {"name": "cell", "units": UNITS}}
    config = {"class_name": "RNN", "config": {"cell": cell, "layer": gru()}}
    found = with_reset_after(config, [("r/cell/bias:0", (2, 12)), ("r/gru_1/bias:0", (12,))])
    assert found["config"]["cell"]["config"]["reset_after"] is True
    assert found["config"]["layer"]["config"]["reset_after"] is False


def sigmoid(x: np.ndarray) -> np.ndarray:
    return np.clip(0.2 * x + 0.5, 0, 1)  # Keras 2.0's hard_sigmoid


def computed(x: np.ndarray, kernel: np.ndarray, recurrent: np.ndarray, bias: np.ndarray) -> Any:
    """A GRU that resets before the product, as Keras 2.0 wrote it."""
    state = np.zeros((len(x), UNITS))
    for step in range(x.shape[1]):
        given = x[:, step] @ kernel + bias
        z = sigmoid(given[:, :UNITS] + state @ recurrent[:, :UNITS])
        r = sigmoid(given[:, UNITS : 2 * UNITS] + state @ recurrent[:, UNITS : 2 * UNITS])
        new = np.tanh(given[:, 2 * UNITS :] + (r * state) @ recurrent[:, 2 * UNITS :])
        state = z * state + (1 - z) * new
    return state


@pytest.mark.convert
def test_a_file_of_keras_2_0_computes_what_it_did(tmp_path: Path, load_in_child: Any):
    rng = np.random.default_rng(0)
    shapes = {"kernel": (FEATURES, 12), "recurrent_kernel": (UNITS, 12), "bias": (12,)}
    weights = {name: rng.normal(size=shape).astype("f4") for name, shape in shapes.items()}
    layer = gru(
        batch_input_shape=[None, STEPS, FEATURES],
        activation="tanh",
        recurrent_activation="hard_sigmoid",
        implementation=0,
        dropout=0.0,
        unroll=False,
    )
    path = keras2_files.write(
        tmp_path / "old.h5",
        [layer],
        {"gru_1": {f"gru_1/{name}": array for name, array in weights.items()}},
        version="2.0.8",
    )
    x = rng.normal(size=(6, STEPS, FEATURES)).astype("f4")
    samples = keras2_files.keep(
        tmp_path / "s.npz", {"gru_1_input": x}, {"gru_1": computed(x, *weights.values())}
    )
    found = load_in_child(path, samples=str(samples), convert=True)
    assert found["errors"]["gru_1"] < 1e-5
    assert found["export_errors"]["gru_1"] < 1e-5
