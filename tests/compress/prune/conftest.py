"""Child processes that take models apart and prune them, for all tests of this folder."""

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


@pytest.fixture(scope="session")
def child(start_cases: Callable[[Path], Do]) -> Do:
    """`child(name, **request)`: what a function of `pruning_worker.py` answers."""
    return start_cases(Path(__file__).with_name("pruning_worker.py"))


@pytest.fixture(scope="session")
def on_digits(child: Do, digits: Path) -> Do:
    """`on_digits(pruning, ...)`: the digits sample pruned; each request is computed once."""
    known: dict[str, dict[str, Any]] = {}

    def do(pruning: dict[str, Any], **rest: Any) -> dict[str, Any]:
        key = repr((pruning, rest))
        if key not in known:
            known[key] = child("prune", which="digits", folder=str(digits), pruning=pruning, **rest)
        return known[key]

    return do
