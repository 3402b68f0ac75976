"""Fixtures that any test may use: where the corpus lies, and where the digits sample lies."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

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
