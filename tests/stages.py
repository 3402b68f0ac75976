"""Every stage of the package: what runs in a child, what it takes and what it gives."""

from __future__ import annotations

import ast
import importlib
from typing import Any

from edgekit.core.isolate import Stage
from tests.house.source import modules


def stages() -> dict[str, Stage[Any, Any]]:
    """The package's stages by the names of their constants."""
    found: dict[str, Stage[Any, Any]] = {}
    for module in modules():
        if "Stage(" not in module.text or module.path == "edgekit/core/isolate.py":
            continue
        namespace = vars(importlib.import_module(module.path[:-3].replace("/", ".")))
        for name, value in namespace.items():
            if isinstance(value, Stage):
                assert found.setdefault(name, value) is value, f"two stages are called {name}"
    return found


def calls(module_name: str) -> list[tuple[str, str]]:
    """Who calls which stage through `isolate` or `onednn`: path of the file, constant's name."""
    return [
        (module.path, ast.unparse(node.args[0]).rpartition(".")[2])
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and ast.unparse(node.func) == f"{module_name}.call"
        and not module.path.startswith("edgekit/core/")
    ]


def passed() -> set[str]:
    """The last names of everything that is passed to a call by position, anywhere."""
    return {
        ast.unparse(argument).rpartition(".")[2]
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        for argument in node.args
        if isinstance(argument, ast.Name | ast.Attribute)
    }
