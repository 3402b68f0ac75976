"""pytest's own process never holds TensorFlow: what imports it is not searched for doctests."""

from __future__ import annotations

import ast
import tomllib

from tests.house.source import ROOT, modules

_HEAVY = {"tensorflow", "keras", "tf_keras"}
# It offers public names of heavy modules when they are asked for, and doctest asks for all.
_OFFERS = "edgekit/__init__.py"


def test_modules_that_import_tensorflow_are_not_searched_for_doctests():
    options = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    named = options["tool"]["pytest"]["ini_options"]["addopts"].split()
    ignored = {one.removeprefix("--ignore=") for one in named if one.startswith("--ignore=")}
    heavy = {module.path for module in modules() if _imports_heavy(module.tree)}
    assert heavy
    assert ignored == heavy | {_OFFERS}


def _imports_heavy(tree: ast.Module) -> bool:
    """Whether importing the module imports TensorFlow; imports of functions and types do not."""
    named = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            named |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            named.add(node.module.split(".")[0])
    return bool(named & _HEAVY)
