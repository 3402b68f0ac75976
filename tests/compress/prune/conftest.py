"""One child process that takes models apart, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Do = Callable[..., Any]


@pytest.fixture(scope="session")
def surgery(start_cases: Callable[[Path], Do]) -> Do:
    """`surgery(name, **request)`: what a function of `surgery_worker.py` answers."""
    case = start_cases(Path(__file__).with_name("surgery_worker.py"))
    return lambda name, **request: case(name, request=request)
