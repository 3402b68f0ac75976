"""Names that a stranger chose, in the code of every language: none leaves its place."""

from __future__ import annotations

import ast
import importlib
from pathlib import PurePosixPath

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.bundle_record import Bundle, BundledModel, Golden, GoldenTensor
from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.pipeline.bundle.bundle import PLATFORMS
from tests.codegen.c_contracts import filled

PARTS = [
    '"', "'", "$", "${x}", "\\", "\n", "\r", "\u2028", "\x85", "??/", "*/", "/*", "//", '"""',
    "\x00", "\U0001f600", "\u202e", "INJ()", "`", "\\(x)", "#{", "]]", "}", "../", "/etc/",
    "|", "\t", "a", "class",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PARTS), min_size=1, max_size=8).map("".join)
FILE = HOSTILE.map(lambda name: "".join(c for c in name if c.isprintable() and c != "/"))


def record(name: str, file: str) -> tuple[Bundle, dict[str, bytes]]:
    rules = Preprocessing(kind="text", vocabulary=(name, "b"))
    contract = Contract(
        inputs=(TensorSpec(name=name, shape=(1, 2), dtype="int32", preprocessing=rules),),
        outputs=(TensorSpec(name=name, shape=(1, 2), dtype="float32", labels=(name, "x")),),
    )
    tensors = tuple(
        GoldenTensor(role=role, name=name, dtype=dtype, shape=(1, 2), offset=at, num_bytes=8)
        for role, dtype, at in (("input", "int32", 0), ("output", "float32", 8))
    )
    golden = Golden(
        file=f"{file}.golden.bin",
        sha256="0" * 64,
        num_bytes=16,
        num_samples=1,
        sample_bytes=16,
        tensors=tensors,
    )
    model = BundledModel(
        variant="float32",
        file=f"{file}.tflite",
        sha256="0" * 64,
        size_bytes=4,
        oldest_runtime="2.3.0",
        contract=contract,
        golden=golden,
    )
    contents = {model.file: b"TFL3", golden.file: np.zeros(16, np.uint8).tobytes()}
    bundle = Bundle(name=name, edgekit="0", models=(model,))
    return bundle, filled(bundle, contents)


def code(text: str, nested: bool) -> str:
    """Source without its comments and literals: what a compiler would run."""
    out, at, depth = [], 0, 0
    while at < len(text):
        two = text[at : at + 2]
        if depth:
            depth += (two == "/*" and nested) - (two == "*/")
            at += 2 if two in ("*/", "/*") else 1
        elif two == "/*":
            depth, at = 1, at + 2
        elif two == "//":
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
        elif text[at] == '"':
            at += 1
            while text[at] != '"':
                assert text[at] != "\n"
                at += 2 if text[at] == "\\" else 1
            at += 1
        else:
            out.append(text[at])
            at += 1
    return "".join(out)


@pytest.mark.slow
@settings(max_examples=60)
@given(HOSTILE, FILE)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_name_leaves_its_place(platform: str, name: str, file: str) -> None:
    module, _, function = PLATFORMS[platform].partition(":")
    bundle, contents = record(name, file)
    made = getattr(importlib.import_module(module), function)(bundle, contents)
    for path, content in made.items():
        parts = PurePosixPath(path).parts
        assert ".." not in parts and not path.startswith("/") and path.isprintable(), path
        suffix = PurePosixPath(path).suffix
        if suffix == ".py":
            ast.parse(content)
            assert "INJ(" not in ast.unparse(_bare(ast.parse(content)))
        elif suffix in (".c", ".h", ".kt", ".swift") and not _is_hand_written(platform, path):
            assert "INJ(" not in code(content.decode(), nested=suffix in (".kt", ".swift")), path
        elif suffix == ".md":
            assert not any(ord(c) < 32 and c != "\n" for c in content.decode()), path


def _is_hand_written(platform: str, path: str) -> bool:
    return "core" in path.lower() or "CLiteRT" in path or "/edgekit_" in f"/{path}"


def _bare(tree: ast.Module) -> ast.Module:
    """Without the texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    return tree
