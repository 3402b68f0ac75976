"""Types across every seam: what is known of a value stands in its type."""

from __future__ import annotations

import ast
from collections import Counter

from tests.house.source import modules

# What Keras, TensorFlow and LiteRT leave untyped stays in here.
UNTYPED = {"frontend", "compress", "compat"}
_MOST_ANY = 60


def test_few_values_are_of_any_type():
    found = Counter(
        module.path
        for module in modules()
        if module.package not in UNTYPED
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Name) and node.id == "Any"
    )
    assert found.total() <= _MOST_ANY, found.most_common()


def test_no_dictionary_of_anything_crosses_a_stage():
    """Signatures and fields; JSON itself is read and written in core/."""
    found = [
        f"{module.path}:{node.lineno}"
        for module in modules()
        if module.package not in {*UNTYPED, "core"}
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("dict", "Mapping")
        and ast.unparse(node.slice) == "(str, Any)"
    ]
    assert found == []


def test_every_child_takes_a_record_and_returns_one():
    """That a stage's function says the same, tests/core/test_isolate.py shows."""
    found = [
        f"{module.path}:{node.lineno} {ast.unparse(kind)}"
        for module in modules()
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in ("Stage", "isolate.Stage")
        for kind in node.args[1:]
        if not ast.unparse(kind)[0].isupper()
    ]
    assert found == []
