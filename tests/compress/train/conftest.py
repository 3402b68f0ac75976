"""One child process that trains, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def case(start_cases: Callable[[Path], Any]) -> Any:
    """`case(name, **arguments)`: what a function of `fit_worker.py` returns."""
    return start_cases(Path(__file__).with_name("fit_worker.py"))
