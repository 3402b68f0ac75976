"""Hypothesis runs under one profile, without deadlines: `tests/conftest.py` has it.

A busy machine makes any example slow, so a deadline fails tests by chance. A profile of fewer
examples would let tests pass that say more than was tried.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from hypothesis import settings

from tests.house.source import ROOT

# Said in the one place. What is no test (a script for a compiler) draws without pytest.
_PROFILES = ("register_profile", "load_profile", "get_profile")


def test_the_profile_in_force_has_no_deadline():
    assert settings.get_current_profile_name() == "edgekit"
    assert settings.default is not None and settings.default.deadline is None
    assert settings.default.max_examples == settings.get_profile("default").max_examples


def test_no_test_sets_a_deadline_or_a_profile_of_its_own():
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        if path != Path(__file__)
        for call in _calls(path)
        if _name(call) in _PROFILES
        or (_name(call) == "settings" and "deadline" in {word.arg for word in call.keywords})
    ]
    assert found == []


def _calls(path: Path) -> Iterator[ast.Call]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.Call))


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
