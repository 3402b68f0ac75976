"""Private names of others stand in `compat` only, and no error is swallowed."""

from __future__ import annotations

import ast
import re
import sys
import types
from collections.abc import Iterator
from functools import cache

import pytest

from tests.house.source import ROOT, Module, modules

COMPAT = "edgekit/compat/"
# It runs alone in foreign Pythons, where no `edgekit.compat` is; a runtime has no public way to
# the operators of its delegates, to other subgraphs than the first, and to reset a state.
WORKER = "edgekit/runtimes/worker"
# Lists the modules that files of all releases name, as data: nothing is imported from them.
NAMED_BY_FILES = "edgekit/frontend/trust/allowed_classes.py"

# What lies below these packages and is no part of what they document.
_INSIDE = {
    "tensorflow": {"compiler", "core", "lite", "python"},
    "keras": {"src"},
    "tf_keras": {"api", "protobuf", "src"},
}
# Of these, what they document; all else lies inside.
_PUBLIC = {
    "ai_edge_litert": {"interpreter"},
    "tflite_runtime": {"interpreter"},
    "litert_quantizer": {"qtyping", "quantizer", "recipe"},
}
_INSIDE_TEXT = re.compile(r"\b(?:tf_)?keras[./]src\b|\btensorflow[./](?:core|python)\b")
_PYTHONS = {
    name
    for kind in (type, dict, types.FunctionType, types.ModuleType, sys)
    for name in dir(kind)
    if name.startswith("__")
} | {"__version__", "__file__", "__traceback__", "__dataclass_fields__"}
_DOCUMENTED = {"os._exit"}
_BY_NAME = {"getattr", "setattr", "hasattr", "delattr"}


def private_names(tree: ast.Module, known: frozenset[str]) -> Iterator[tuple[int, str]]:
    """The line and the text of each use of a private name of others.

    Args:
        tree: A file.
        known: Private names that the package itself gives, in any file.
    """
    own = frozenset(_own(tree))
    docstrings = set(_docstrings(tree))
    for node in ast.walk(tree):
        for module in _imported(node):
            if _is_inside(module):
                yield node.lineno, module
        if isinstance(node, ast.Attribute) and _is_private(node.attr):
            of_self = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
            if (
                node.attr not in (own | known if of_self else own)
                and _text(node) not in _DOCUMENTED
            ):
                yield node.lineno, _text(node)
        if isinstance(node, ast.Call | ast.Subscript):
            yield from ((node.lineno, name) for name in _by_name(node) if _is_private(name))
        if isinstance(node, ast.Constant) and id(node) not in docstrings:
            if isinstance(node.value, str) and _INSIDE_TEXT.search(node.value):
                yield node.lineno, node.value


def _own(tree: ast.Module) -> Iterator[str]:
    """The names of functions, classes, fields and of what is set on `self`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            yield node.name
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            yield node.target.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            if isinstance(node.value, ast.Name) and node.value.id in ("self", "cls"):
                yield node.attr


def _docstrings(tree: ast.Module) -> Iterator[int]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            yield id(node.value)


def _imported(node: ast.AST) -> Iterator[str]:
    """Full names of modules, and of what is taken from one, which may be a module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
        yield from (f"{node.module}.{alias.name}" for alias in node.names)
    elif isinstance(node, ast.Call) and _text(node.func).split(".")[-1] == "import_module":
        for part in ast.walk(node):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                yield part.value.split(":")[0]


def _is_inside(module: str) -> bool:
    package, *rest = module.split(".")
    if package not in (*_INSIDE, *_PUBLIC):
        return False
    if any(_is_private(part) for part in rest):
        return True
    first = rest[0] if rest else ""
    if package in _PUBLIC:
        return first not in (*_PUBLIC[package], "")
    return first in _INSIDE[package]


def _is_private(name: str) -> bool:
    return name.startswith("_") and name.isidentifier() and name not in _PYTHONS and name != "_"


def _by_name(node: ast.Call | ast.Subscript) -> Iterator[str]:
    """Names of attributes that are given as text: to `getattr`, and to what holds them all."""
    if isinstance(node, ast.Call):
        takes = isinstance(node.func, ast.Name) and node.func.id in _BY_NAME
        names = node.args[1:2] if takes else []
    else:
        held = _text(node.value)
        names = [node.slice] if held.startswith("vars(") or held.endswith(".__dict__") else []
    for name in names:
        if isinstance(name, ast.Constant) and isinstance(name.value, str):
            yield name.value


def _text(node: ast.AST) -> str:
    return ast.unparse(node)


def swallowed(tree: ast.Module) -> Iterator[int]:
    """Lines where any error at all is caught and forgotten."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ExceptHandler):
            if _is_any(node.type) and all(_is_nothing(statement) for statement in node.body):
                yield node.lineno
        elif isinstance(node, ast.Call) and _text(node.func).split(".")[-1] == "suppress":
            if any(_is_any(argument) for argument in node.args):
                yield node.lineno


def _is_any(kind: ast.expr | None) -> bool:
    if isinstance(kind, ast.Tuple):
        return any(_is_any(one) for one in kind.elts)
    return kind is None or _text(kind) in ("Exception", "BaseException")


def _is_nothing(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Pass | ast.Continue) or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )


@cache
def _known() -> frozenset[str]:
    return frozenset(name for module in modules() for name in _own(module.tree))


def _uses(module: Module) -> list[str]:
    return [f"{module.path}:{line} {name}" for line, name in private_names(module.tree, _known())]


def test_private_names_of_others_stand_in_compat():
    found = [
        use
        for module in modules()
        if not module.path.startswith((COMPAT, WORKER)) and module.path != NAMED_BY_FILES
        for use in _uses(module)
    ]
    assert found == []


def test_what_is_exempt_has_such_names():
    for place in (COMPAT, WORKER, NAMED_BY_FILES):
        assert any(_uses(module) for module in modules() if module.path.startswith(place)), place


def test_every_function_of_compat_has_a_test_and_says_what_is_lost_without_it():
    tests = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests" / "compat").glob("*.py"))
    for module in modules():
        if not module.path.startswith(COMPAT):
            continue
        uses = {line for line, _ in private_names(module.tree, frozenset())}
        for node in module.functions():
            if uses.isdisjoint(range(node.lineno, (node.end_lineno or 0) + 1)):
                continue
            said = ast.get_docstring(node) or ""
            assert re.search(r"\bRead in\s+\S+ \d+\.\d+", said), (
                f"{node.name}: read in what release?"
            )
            assert re.search(r"\b[Ww]ithout\s", said), f"{node.name}: what is lost without it?"
            assert re.search(rf"\b{node.name}\b", tests), f"{node.name} has no test in tests/compat"


def test_no_error_is_swallowed():
    assert [f"{m.path}:{line}" for m in modules() for line in swallowed(m.tree)] == []


@pytest.mark.parametrize(
    "text",
    [
        "from keras.src.models.functional import Functional",
        "from keras import src",
        "import tensorflow.python.framework as f",
        "from tensorflow.core.framework import variable_pb2",
        "from tf_keras.protobuf.saved_metadata_pb2 import SavedMetadata",
        "from ai_edge_litert import schema_py_generated as schema",
        "from ai_edge_litert._pywrap_x import f",
        "from litert_quantizer.utils import qsv_utils",
        "importlib.import_module(f'keras.src.ops.{name}')",
        "importlib.import_module('litert_quantizer.calibrator')",
        "model._flatten_layers()",
        "converter._freeze_concrete_function = f",
        "self._flatten_layers()",
        "super()._flatten_layers()",
        "tf.__internal__.saved_model",
        "getattr(tensor, '_keras_history', None)",
        "setattr(layer, '_could_use_gpu_kernel', False)",
        "self.__dict__['_student_loss'] = loss",
        "vars(x)['_student_loss']",
        "ok = '/keras/src/backend/' in path",
        # A function of that name elsewhere in the file does not make it the object's own.
        "class C:\n  pass\n_layers = 1\nmodel._layers",
    ],
)
def test_the_rule_finds(text: str):
    assert list(private_names(ast.parse(text), frozenset()))


@pytest.mark.parametrize(
    "text",
    [
        "import tensorflow as tf\ntf.compat.v1.NodeDef",
        "from keras import layers",
        "from litert_quantizer.quantizer import AlgorithmName",
        "from ai_edge_litert import interpreter",
        "from edgekit.frontend._inner import x",
        "type(x).__name__\nf.__defaults__\nos._exit(0)",
        "class C:\n  _x: int\n  def same(self, other): return self._x == other._x",
        "getattr(x, 'axis', -1)",
        "'''Of `keras.src.ops`.'''",
        "text.startswith('_')",
    ],
)
def test_the_rule_lets_pass(text: str):
    assert list(private_names(ast.parse(text), frozenset())) == []


@pytest.mark.parametrize(
    "text",
    [
        "try: f()\nexcept Exception: pass",
        "try: f()\nexcept: ...",
        "try: f()\nexcept (ValueError, BaseException) as error: pass",
        "with contextlib.suppress(Exception): f()",
        "for x in y:\n  try: f()\n  except Exception: continue",
    ],
)
def test_it_is_seen_that_an_error_is_swallowed(text: str):
    assert list(swallowed(ast.parse(text)))


def test_errors_that_are_named_or_answered_are_not_swallowed():
    text = "try: f()\nexcept OSError: pass\nexcept Exception: g()\nwith suppress(OSError): f()"
    assert list(swallowed(ast.parse(text))) == []
