"""Tests stand where the code stands."""

from __future__ import annotations

from pathlib import PurePath

from tests.house.source import ROOT, modules

_MOST_LINES = 80
# Reached through the tests of others only. This list shrinks; nothing is added to it.
WITHOUT = PurePath(__file__).with_name("without_tests.txt")


def test_every_module_of_some_length_has_its_test_module():
    untested = {
        module.path
        for module in modules()
        if module.num_lines > _MOST_LINES
        and not module.path.endswith("__init__.py")
        and not (ROOT / _mirror(module.path)).is_file()
    }
    listed = set(_listed())
    assert untested - listed == set(), "new modules without a test module"
    assert listed - untested == set(), "these have one now: take them off the list"


def test_the_list_is_in_order():
    assert _listed() == sorted(set(_listed()))


def _listed() -> list[str]:
    with open(WITHOUT, encoding="utf-8") as file:
        return file.read().split()


def _mirror(path: str) -> str:
    place = PurePath(path).relative_to("edgekit")
    return str(PurePath("tests") / place.with_name(f"test_{place.name}"))
