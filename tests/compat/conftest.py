"""One child process that uses private names, for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Case = Callable[..., Any]


@pytest.fixture(scope="session")
def case(start_cases: Callable[[Path], Case]) -> Case:
    return start_cases(Path(__file__).with_name("compat_worker.py"))
