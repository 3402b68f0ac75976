"""The digits sample as a float `.tflite`, made once, and what runs such files."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit import convert, tflite
from edgekit.core.records import ConvertOptions
from edgekit.data import sources
from edgekit.data.samples import Samples

MODELS = Path(__file__).parents[1] / "models"

Run = Callable[[bytes, Samples], dict[str, np.ndarray]]


@pytest.fixture(scope="session")
def digits_float(digits: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits model, exported."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    (made,) = convert(
        digits / "digits.keras",
        output=tmp_path_factory.mktemp("digits"),
        options=ConvertOptions(recipes=("float32",)),
    )
    return Path(made.path)


@pytest.fixture(scope="session")
def digits_samples(digits: Path, digits_float: Path) -> Samples:
    """Forty calibration samples, scaled as the model wants them."""
    from edgekit.core import project

    contract = project.load(digits / "edgekit.toml").describe(tflite.contract(digits_float))
    source = str(digits / "data.npz")
    return sources.load(source, contract, purpose="calibration", limit=40, seed=0)


@pytest.fixture(scope="session")
def run() -> Run:
    """`run(content, samples)`: real-valued outputs by name, one sample at a time.

    Inputs and outputs of integer type are quantized and dequantized by the file's scales.
    """
    from ai_edge_litert.interpreter import Interpreter

    def answers(content: bytes, samples: Samples) -> dict[str, np.ndarray]:
        contract = tflite.contract(content)
        runner = Interpreter(model_content=content, num_threads=1).get_signature_runner()
        rows: list[dict[str, np.ndarray]] = []
        for i in range(len(samples)):
            feed = {}
            for spec in contract.inputs:
                row = samples.inputs[spec.name][i : i + 1]
                if spec.scale:
                    limits = np.iinfo(spec.dtype)
                    codes = np.round(row / np.float32(spec.scale[0])) + spec.zero_point[0]
                    row = np.clip(codes, limits.min, limits.max)
                feed[spec.name] = row.astype(spec.dtype)
            rows.append({name: value.copy() for name, value in runner(**feed).items()})
        result = {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}
        for spec in contract.outputs:
            if spec.scale:
                real = (result[spec.name].astype(np.float32) - spec.zero_point[0]) * spec.scale[0]
                result[spec.name] = real.astype(np.float32)
        return result

    return answers


@pytest.fixture(scope="session")
def fixture_model() -> Callable[[str], Path]:
    """`fixture_model("conv_2d.float32")`: a file of tests/models."""
    return lambda name: MODELS / f"{name}.tflite"


@pytest.fixture(scope="session")
def noise() -> Callable[..., Samples]:
    """`noise(path, count)`: standard normal samples of a file's inputs."""

    def make(path: Path, count: int = 6) -> Samples:
        rng = np.random.default_rng(0)
        specs = tflite.contract(path).inputs
        return Samples(
            inputs={s.name: rng.normal(size=(count, *s.shape[1:])).astype("f4") for s in specs}
        )

    return make


@pytest.fixture(scope="session")
def recurrent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GRU of Keras 3, exported in a child: a WHILE loop between dense layers."""
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    folder = tmp_path_factory.mktemp("recurrent")
    code = (
        "import sys, keras\n"
        "keras.utils.set_random_seed(3)\n"
        "x = keras.Input((8, 6), name='x')\n"
        "y = keras.layers.GRU(16)(keras.layers.Dense(12, activation='tanh')(x))\n"
        "keras.Model(x, keras.layers.Dense(3, name='y')(y)).save(sys.argv[1])\n"
    )
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    path = folder / "gru.keras"
    command = [sys.executable, "-c", code, str(path)]
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    (made,) = convert(
        path, output=folder, options=ConvertOptions(recipes=("float32",), golden_samples=2)
    )
    return Path(made.path)
