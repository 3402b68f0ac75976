"""One child process that asks TensorFlow and both Keras for their names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def case(start_cases: Any) -> Any:
    return start_cases(Path(__file__).with_name("symbols_worker.py"))


@pytest.fixture(scope="session")
def names(case: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = case("names")
    assert len(found) > 8000
    return found


@pytest.fixture(scope="session")
def saved_case(start_cases: Any) -> Any:
    """The child that makes SavedModels and tells what is said of them."""
    return start_cases(Path(__file__).with_name("check_saved_model_worker.py"))
