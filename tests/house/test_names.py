"""A name says what is in a file, and stands once."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterator
from pathlib import PurePath

from tests.house.source import Module, modules

# Words that a reader of the field would not search for.
WORDS = frozenset(
    "told tell harm mend alone states codes small course together adopt bake steady quick ladder "
    "runs units".split()
)


def test_no_base_name_stands_twice():
    places = defaultdict(list)
    for module in modules():
        places[PurePath(module.path).name].append(module.path)
    del places["__init__.py"]
    assert {name: paths for name, paths in places.items() if len(paths) > 1} == {}


def test_files_are_named_in_the_words_of_the_field():
    assert [m.path for m in modules() if PurePath(m.path).stem in WORDS] == []


def test_public_names_are_in_the_words_of_the_field():
    found = [
        f"{module.path}: {name}"
        for module in modules()
        for name in _public(module)
        if name.lower() in WORDS
    ]
    assert found == []


def _public(module: Module) -> Iterator[str]:
    """Functions, methods, classes, and the fields of records."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
