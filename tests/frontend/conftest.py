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


@pytest.fixture(scope="session")
def tfjs_graphs(frontend: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `tfjs_graphs` of `frontend_cases.py` found, once for all tests."""
    return dict(frontend("tfjs_graphs", folder=str(tmp_path_factory.mktemp("graphs"))))


@pytest.fixture(scope="session")
def tfjs_refused(frontend: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Likewise, what is said of graphs that are refused."""
    return dict(frontend("tfjs_graphs_refused", folder=str(tmp_path_factory.mktemp("refused"))))
