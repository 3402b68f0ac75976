"""Fixtures that any test may use: where the corpus lies, and where the digits sample lies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from edgekit.errors import EnvironmentFailure
from edgekit.records import Target
from edgekit.runtimes import environments

ROOT = Path(__file__).parents[1]

# For the tests of the pytest plugin.
pytest_plugins = ["pytester"]

# Scripts that run in children and makers of fixtures: not tests, and some need TensorFlow.
collect_ignore_glob = ["*_worker.py", "*_models.py", "*_layers.py", "*make*.py"]

# `benchmarks` is not installed; tests import it as a reader of the checkout would.
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The folder of trained models that other people made; skips where there is none."""
    value = os.environ.get("EDGEKIT_CORPUS")
    if not value:
        pytest.skip("EDGEKIT_CORPUS is unset: it names the folder that holds corpus.json")
    folder = Path(value)
    if not (folder / "corpus.json").is_file():
        pytest.fail(f"EDGEKIT_CORPUS={value} holds no corpus.json")
    return folder


@pytest.fixture(scope="session")
def digits() -> Path:
    """The folder of the digits sample: `digits.keras`, `data.npz`, `edgekit.toml`."""
    return ROOT / "sample_models" / "digits"


@pytest.fixture(scope="session")
def tflite_runtime() -> Target:
    """The old runtime in an environment that is made once and kept for later test runs."""
    target = environments.parse("tflite-runtime==2.14.0")
    try:
        environments.add(target)
    except EnvironmentFailure as failure:
        pytest.skip(f"tflite-runtime 2.14.0 cannot be installed here: {failure}")
    return target
