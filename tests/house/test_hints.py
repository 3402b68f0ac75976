"""What hints name is there: options, verbs, recipes, metrics, extras, kinds.

A hint that names an option of an earlier release sends a person nowhere, and no other test sees
it. Whether doing so helps is for the sweep (`benchmarks/coverage.py`), which carries hints out.
"""

from __future__ import annotations

import ast
import importlib
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from typing import get_args

import click
import pytest

from edgekit.cli.main import VERBS
from edgekit.core.output_kinds import KINDS
from edgekit.core.project import StateKind
from edgekit.core.recipes import RECIPES
from edgekit.core.records import PreprocessingKind
from edgekit.measure.accuracy import METRICS
from tests.house.source import ROOT, modules

# Options of other programs that a hint shows.
_OTHERS = {"--user"}


@cache
def hints() -> tuple[tuple[str, str], ...]:
    """Every text that is a hint, with its place; names of constants are looked up."""
    return tuple(
        (f"{module.path}:{node.lineno}", text)
        for module in modules()
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.keyword) and node.arg == "hint")
        or (isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "hint")
        for text in _texts(node.value)
    )


@cache
def _constants() -> dict[str, set[str]]:
    """Texts by the name of a constant, in whichever module."""
    found: dict[str, set[str]] = {}
    for module in modules():
        for node in module.tree.body:
            if isinstance(node, ast.Assign):
                texts = {c.value for c in ast.walk(node.value) if isinstance(c, ast.Constant)}
                found.setdefault(ast.unparse(node.targets[0]), set()).update(
                    text for text in texts if isinstance(text, str)
                )
    return found


def _texts(value: ast.expr) -> Iterator[str]:
    for node in ast.walk(value):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Name | ast.Attribute):
            yield from _constants().get(ast.unparse(node).rpartition(".")[2], ())


@cache
def options() -> frozenset[str]:
    """The options of all verbs."""
    pending: list[click.Command] = []
    for place, _ in VERBS.values():
        module, _, attribute = place.partition(":")
        pending.append(getattr(importlib.import_module(module), attribute))
    found: set[str] = set()
    while pending:
        command = pending.pop()
        if isinstance(command, click.Group):
            pending += command.commands.values()
        for parameter in command.params:
            found.update(parameter.opts, parameter.secondary_opts)
    return frozenset(found)


def named(pattern: str) -> list[tuple[str, str]]:
    """What hints hold of a pattern, with the place."""
    return [(place, name) for place, text in hints() for name in re.findall(pattern, text)]


def test_there_are_hints_to_look_at() -> None:
    assert len(hints()) > 300
    assert {"--force", "--io", "--prune"} <= options()


def test_options_exist() -> None:
    assert _unknown(r"(?<![\w-])--[a-z][a-z-]*[a-z]", options() | _OTHERS) == []


def test_verbs_exist() -> None:
    sentences = {"from", "reads", "wrote", "itself"}  # edgekit as a subject
    assert _unknown(r"\bedgekit ([a-z]+)\b", {*VERBS, *sentences}) == []


def test_recipes_exist() -> None:
    schemes = r"\b((?:static|dynamic|weight_only)_w\w+|float\d\d)\b"
    assert _unknown(schemes, {*RECIPES, "float64"}) == []


def test_extras_exist() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    extras = project["project"]["optional-dependencies"]
    assert _unknown(r"edgekit-tflite\[([\w-]+)\]", extras) == []


def test_metrics_exist() -> None:
    words = {*METRICS, "size_bytes", "latency_ratio"}
    assert _unknown(r'(?:--metric |metric = ")([a-z]\w*)', words) == []


def test_kinds_exist() -> None:
    assert (
        _unknown(r'kind = "(\w+)"', {*KINDS, *get_args(PreprocessingKind), *get_args(StateKind)})
        == []
    )


@pytest.mark.parametrize("name", ["--colour", "--input"])
def test_an_option_that_is_gone_would_be_found(name: str) -> None:
    assert name not in options()


def _unknown(pattern: str, known: object) -> list[tuple[str, str]]:
    return [(place, name) for place, name in named(pattern) if name not in known]  # type: ignore[operator]
