from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def case(start_cases: Callable[[Path], Any]) -> Any:
    """One child with TensorFlow and both Keras for all tests of live models."""
    return start_cases(Path(__file__).parent / "live_cases.py")
