"""Tests stand where the code stands."""

from __future__ import annotations

from pathlib import PurePath

from tests.house.source import ROOT, modules

_MOST_LINES = 80


def test_every_module_of_some_length_has_its_test_module():
    untested = [
        module.path
        for module in modules()
        if module.num_lines > _MOST_LINES
        and not module.path.endswith("__init__.py")
        and not (ROOT / _mirror(module.path)).is_file()
    ]
    assert untested == []


def _mirror(path: str) -> str:
    place = PurePath(path).relative_to("edgekit")
    return str(PurePath("tests") / place.with_name(f"test_{place.name}"))
