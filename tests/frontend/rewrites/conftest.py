"""One child process for all rewrites."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture(scope="session")
def rewrites(start_cases: Callable[[Path], Any]) -> Any:
    """`rewrites(name)`: what a function of `rewrite_cases.py` returns."""
    return start_cases(Path(__file__).with_name("rewrite_cases.py"))


@pytest.fixture
def proven(rewrites: Any) -> Callable[[str], set[str]]:
    """`proven(name)`: the outputs of a case, each within 80 dB of TensorFlow's own operator."""

    def prove(name: str) -> set[str]:
        decibels: dict[str, float] = rewrites(name)
        poor = {output: db for output, db in decibels.items() if db < 80}
        assert not poor
        return set(decibels)

    return prove
