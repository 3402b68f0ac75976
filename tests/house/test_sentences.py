"""Errors say what happened or what must be, in the words of the field.

A first line never states a rule as if it held: whoever reads "The model file exists." has just
been told that it does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

from edgekit.core import errors
from tests.house.source import ROOT


def _is_error(kind: object) -> bool:
    return isinstance(kind, type) and issubclass(kind, Exception)


# What raises an error with a first line, and which argument that is. The worker and the bundles'
# Python run without `edgekit.core.errors`: theirs are named here.
_PLACES = {
    **{name: 0 for name, kind in vars(errors).items() if _is_error(kind)},
    "kind": 0,  # a class of errors that a function was given
    "BadParameter": 0,
    "GitHubError": 0,
    "reading": 1,
    "Failure": 1,
}
_OF_BUNDLES = {"ValueError": 0, "ImportError": 0}
# Where another error's words, or click's, are passed on.
_PASSED_ON = {
    "error.rule",
    "f'{error.message}{hint}'",
    "f'Output {name!r}: {error.rule}'",
    "texts['rule']",
    "answer['internal_error']",
    "result['internal_error']",
    "(done.stderr.strip() or done.stdout.strip())[-300:]",
    "fault",  # what `reading` was given
    "claim",  # `kind` of a claim makes a verdict, no error
}

_MUST_BE = re.compile(r"\b(must|needs?|cannot|could)\b")
# "The file was not found": what is not, was not, is lacking, is too much, or went wrong.
_HAPPENED = re.compile(
    r"\b(not|no|none|neither|lacks|already|changed|crashed|damaged|failed|cut off|differ"
    r"|too (deeply|large|small|many|few)|larger than|passed its|asked for more)\b",
    re.IGNORECASE,
)
# With such a subject it is a rule, so it has to say "must": "A model file is not empty."
_OF_ALL = re.compile(r"(A|An|Any|All|Each|Every|Only) ")

# What to say instead: round-to-nearest, outputs, overfit, held-out, sole consumer, copy, fix, not
# evaluated.
_NOT_OURS = re.compile(
    r"\b(to the nearest|answers|by heart|held.back|only reader|twins?|mend(s|ed|ing)?|unjudged)\b",
    re.IGNORECASE,
)
_PAGES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))


@dataclass(frozen=True)
class _Error:
    """One call that makes an error.

    Attributes:
        place: `edgekit/core/errors.py:12`.
        first: The expression of its first line.
        texts: What its first line says: one for each branch.
    """

    place: str
    first: ast.expr
    texts: tuple[str, ...]


def holds(line: str) -> bool:
    """Whether a first line says what happened or what must be."""
    if _MUST_BE.search(line):
        return True
    return bool(_HAPPENED.search(line)) and not _OF_ALL.match(line)


@cache
def _errors() -> tuple[_Error, ...]:
    """All that the package, the checks and the action raise."""
    return tuple(error for path in _sources() for error in _in(path))


def _sources() -> list[Path]:
    return sorted(
        path for top in ("edgekit", "checks", "action") for path in (ROOT / top).rglob("*.py")
    )


def _in(path: Path) -> Iterator[_Error]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    name = path.relative_to(ROOT).as_posix()
    places = _PLACES | (_OF_BUNDLES if "/codegen/sources/" in name else {})
    for function, call in _calls(tree, None):
        number = places.get(_name(call.func))
        if number is None or len(call.args) <= number:
            continue
        first = call.args[number]
        yield _Error(
            place=f"{name}:{call.lineno}",
            first=first,
            texts=tuple(_texts(first, tree, function)),
        )


def _calls(
    node: ast.AST, function: ast.FunctionDef | None
) -> Iterator[tuple[ast.FunctionDef | None, ast.Call]]:
    """Each call, with the function around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield function, child
        yield from _calls(child, child if isinstance(child, ast.FunctionDef) else function)


def _texts(node: ast.expr, tree: ast.Module, function: ast.FunctionDef | None) -> Iterator[str]:
    """What an expression may say: both branches, joined texts, and what a name stands for."""
    if isinstance(node, ast.Constant):
        yield str(node.value)
    elif isinstance(node, ast.JoinedStr):
        yield "".join(_part(part) for part in node.values)
    elif isinstance(node, ast.IfExp):
        yield from _texts(node.body, tree, function)
        yield from _texts(node.orelse, tree, function)
    elif isinstance(node, ast.BinOp):
        for left in _texts(node.left, tree, function):
            yield from (left + right for right in _texts(node.right, tree, function))
    elif isinstance(node, ast.Name):
        for value, inside in _values(node.id, tree, function):
            yield from _texts(value, tree, inside)


def _part(part: ast.expr) -> str:
    """A fixed part as it is, another one as `{}`: no word of a file's decides."""
    return str(part.value) if isinstance(part, ast.Constant) else "{}"


def _values(
    name: str, tree: ast.Module, function: ast.FunctionDef | None
) -> Iterator[tuple[ast.expr, ast.FunctionDef | None]]:
    """What a name is set to, or what its function is called with, and the function around that."""
    parameters = [] if function is None else [argument.arg for argument in function.args.args]
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(_name(target) == name for target in node.targets):
            yield node.value, function
    if function is None or name not in parameters:
        return
    number = parameters.index(name)
    for inside, call in _calls(tree, None):
        if _name(call.func) == function.name and number < len(call.args) and inside != function:
            yield call.args[number], inside


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def test_first_lines_say_what_happened_or_must_be():
    wrong = [
        f"{error.place} {text}"
        for error in _errors()
        if ast.unparse(error.first) not in _PASSED_ON
        for text in error.texts
        if not holds(text)
    ]
    assert wrong == []


def test_every_first_line_can_be_read_from_the_source():
    """Or it would escape the tests here."""
    unread = [
        f"{error.place} {ast.unparse(error.first)}"
        for error in _errors()
        if not error.texts and ast.unparse(error.first) not in _PASSED_ON
    ]
    assert unread == []
    assert len(_errors()) > 400


@pytest.mark.parametrize(
    ("line", "good"),
    [
        ("The model file was not found.", True),
        ("{} must be a table.", True),
        ("{} could not be written.", True),
        ("The model file exists.", False),
        ("{} is a table.", False),
        ("{} can be written.", False),
        ("A model file is not empty.", False),
        ("Every input holds the same number of samples, at least one.", False),
    ],
)
def test_what_holds(line, good):
    assert holds(line) is good


def test_texts_are_in_the_words_of_the_field():
    """Errors, hints, help and printed lines: all texts of several words, docstrings aside."""
    texts = [text for path in _sources() for text in _sentences(path)]
    assert len(texts) > 2_000
    assert [text for text in texts if _NOT_OURS.search(text)] == []


def _sentences(path: Path) -> Iterator[str]:
    """Each text with a blank in it; of the command line the docstrings too, which are its help."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    is_command = path.parent.name == "cli"
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and " " in str(node.value):
            if is_command or id(node) not in docstrings:
                yield f"{path.relative_to(ROOT)}:{node.lineno} {node.value}"


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", *_PAGES])
def test_pages_are_in_the_words_of_the_field(page):
    lines = (ROOT / page).read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if _NOT_OURS.search(line)] == []
