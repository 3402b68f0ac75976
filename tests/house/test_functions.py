"""Functions that fit on a screen, and take no more than one can keep in mind."""

from __future__ import annotations

import ast

from tests.house.source import modules

_PACKAGES = {"cli", "pipeline", "quantize", "search"}
_MOST_LINES = 60
_MOST_PARAMETERS = 7


def test_functions_are_short():
    found = [
        f"{module.path}:{node.lineno} {node.name}: {lines} lines"
        for module in modules()
        if module.package in _PACKAGES
        for node in module.functions()
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > _MOST_LINES
    ]
    assert found == []


def test_functions_take_few_parameters():
    """Those of commands are click's, one for each option."""
    found = [
        f"{module.path}:{node.lineno} {node.name}: {count} parameters"
        for module in modules()
        if module.package in _PACKAGES
        for node in module.functions()
        if (count := _num_parameters(node)) > _MOST_PARAMETERS and not _is_command(node)
    ]
    assert found == []


def _num_parameters(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = node.args
    names = [a.arg for a in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)]
    return len([name for name in names if name not in ("self", "cls")])


def _is_command(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any("click.command" in ast.unparse(one) for one in node.decorator_list)
