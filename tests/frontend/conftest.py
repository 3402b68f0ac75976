"""One child process for the frontend's parts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def frontend(start_cases: Callable[[Path], Any]) -> Any:
    """`frontend(name, **arguments)`: what a function of `frontend_cases.py` returns."""
    return start_cases(Path(__file__).with_name("frontend_cases.py"))
