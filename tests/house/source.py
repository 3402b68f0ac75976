"""The package as text and syntax trees, for the tests of how it is laid out."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Module:
    """One file of the package.

    Attributes:
        path: Below the repository: `edgekit/core/errors.py`.
        text: What is in it.
        tree: What Python makes of it.
    """

    path: str
    text: str
    tree: ast.Module

    @property
    def package(self) -> str:
        """The folder right below `edgekit`, or the file's own name there."""
        return self.path.split("/")[1].removesuffix(".py")

    @property
    def num_lines(self) -> int:
        """Lines of the file, empty ones included."""
        return self.text.count("\n")

    def functions(self) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Every function and method, also those within others."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node


@cache
def modules() -> tuple[Module, ...]:
    """The package's modules; what bundles carry (`codegen/sources`) is not of the package."""
    made = []
    for path in sorted((ROOT / "edgekit").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith("edgekit/codegen/sources/"):
            text = path.read_text(encoding="utf-8")
            made.append(Module(name, text, ast.parse(text)))
    return tuple(made)
