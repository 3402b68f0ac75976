from __future__ import annotations

from pathlib import Path

import pytest

from edgekit.core.records import Limits, Target
from edgekit.runtimes import environments

DATA = Path(__file__).parent / "data"
LIMITS = Limits(seconds=60.0)


@pytest.fixture(
    scope="session",
    params=["litert", pytest.param("tflite-runtime", marks=pytest.mark.tflite_runtime)],
)
def target(request: pytest.FixtureRequest) -> Target:
    """Each real runtime."""
    if request.param == "litert":
        return environments.parse("litert")
    found: Target = request.getfixturevalue("tflite_runtime")
    return found


@pytest.fixture
def data() -> Path:
    return DATA


@pytest.fixture
def limits() -> Limits:
    return LIMITS
