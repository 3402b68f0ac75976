"""The ranges of pyproject.toml, and the exact releases of requirements/ within them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = PROJECT["optional-dependencies"]
# These are one release for a reason that stands beside them.
EXACT = {"litert-quantizer", "tflite-runtime"}


def pins(name: str) -> dict[str, Requirement]:
    """The requirements of a file in `requirements/`, and of those that it includes, by name."""
    found = {}
    for line in (ROOT / "requirements" / name).read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found |= pins(line.removeprefix("-r "))
        elif line and not line.startswith("#"):
            requirement = Requirement(line)
            found[canonicalize_name(requirement.name)] = requirement
    return found


@pytest.mark.parametrize("name", ["convert.txt", "dev.txt"])
def test_pins_are_exact(name: str) -> None:
    for one in pins(name).values():
        assert [spec.operator for spec in one.specifier] == ["=="], one


@pytest.mark.parametrize(
    ("file", "wanted"),
    [
        ("convert.txt", [*PROJECT["dependencies"], *EXTRAS["convert"]]),
        ("dev.txt", [*EXTRAS["audio"], *EXTRAS["metrics"], *EXTRAS["dev"]]),
    ],
    ids=["convert", "dev"],
)
def test_pins_lie_in_the_ranges(file: str, wanted: list[str]) -> None:
    pinned = pins(file)
    for requirement in map(Requirement, wanted):
        [spec] = pinned[canonicalize_name(requirement.name)].specifier
        assert requirement.specifier.contains(spec.version), requirement


def test_what_is_installed_with_edgekit_is_asked_for_in_ranges() -> None:
    every = [*PROJECT["dependencies"], *(one for extra in EXTRAS.values() for one in extra)]
    exact = {
        requirement.name
        for requirement in map(Requirement, every)
        if any(spec.operator == "==" for spec in requirement.specifier)
    }
    assert exact == EXACT
