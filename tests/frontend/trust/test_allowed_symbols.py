"""Functions, methods and operators that a file may name: only those on the lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from edgekit.frontend.trust import allowed_classes, allowed_symbols
from tests.frontend.trust.configs import layer, refusal


@pytest.mark.convert
def test_what_is_not_listed_is_refused_for_every_public_symbol(names: dict[str, list[str]]):
    for name in names.keys() - allowed_symbols.FUNCTIONS:
        for kind in ("TFOpLambda", "SlicingOpLambda"):
            assert f"tf.{name}" in refusal(layer(kind, {"function": name}))
        module, _, leaf = name.rpartition(".")
        refusal(layer("ClassMethod", {"cls_symbol": name, "method_name": "__call__"}))
        refusal(layer("ClassMethod", {"cls_symbol": module, "method_name": leaf}))
    for name in names:
        module, _, leaf = name.rpartition(".")
        if leaf not in allowed_classes.CLASSES:
            refusal(layer(leaf, {}, module=f"tensorflow.{module}"))
            refusal(layer("Dense", {}, module="keras.layers", registered_name=leaf))
        refusal(layer("Dense", {}, module=f"tensorflow.{module}"))


@pytest.mark.convert
def test_methods_and_attributes_that_are_not_listed_are_refused(case: Any):
    for symbol in ("RaggedTensor", "SparseTensor", "Tensor", "Variable"):
        for name in case("members", symbol=symbol):
            if name not in allowed_symbols.METHODS:
                assert name in refusal(layer("InstanceMethod", {"attr_name": name}))
            if name not in allowed_symbols.PROPERTIES:
                assert name in refusal(layer("InstanceProperty", {"attr_name": name}))
            if f"{symbol}.{name}" not in allowed_symbols.CLASS_METHODS:
                refusal(layer("ClassMethod", {"cls_symbol": symbol, "method_name": name}))


@pytest.mark.convert
def test_operators_that_are_not_listed_are_refused(case: Any):
    existing = set(case("operators"))
    assert existing >= allowed_symbols.OPERATORS
    for name in existing - allowed_symbols.OPERATORS:
        assert name in refusal(layer("TensorFlowOpLayer", {"node_def": {"op": name}}))
    # As the protobuf's bytes, which TensorFlow reads.
    assert set(case("operators_in_bytes")) == allowed_symbols.OPERATORS


# What a parameter is called that takes a function or a path.
CALLABLES = ("fn", "func", "function", "callable", "callback", "body", "hook")


PATHS = ("file", "filename", "filenames", "filepath", "path", "dir", "directory", "url", "stream")


@pytest.mark.convert
def test_what_is_listed_exists_and_takes_neither_code_nor_paths(names: dict[str, list[str]]):
    assert names.keys() >= allowed_symbols.FUNCTIONS
    for name in allowed_symbols.FUNCTIONS:
        # A window is a function, too: no constant of a file is one, so it stays the default.
        parameters = [parameter for parameter in names[name] if parameter != "window_fn"]
        words = {word for parameter in parameters for word in parameter.split("_")}
        assert not words & {*CALLABLES, *PATHS}, name
    harmful = ("io.", "raw_ops.", "data.", "debugging.", "lite.", "load_", "xla_", "saved_model.")
    assert not [name for name in allowed_symbols.FUNCTIONS if name.startswith(harmful)]
    assert allowed_symbols.FUNCTIONS.isdisjoint(
        "map_fn while_loop cond function py_function numpy_function print foldl scan".split()
    )


@pytest.mark.convert
def test_every_listed_function_that_takes_tensors_loads(tmp_path: Path, case: Any):
    found = case("listed_functions", folder=str(tmp_path))
    assert len(found["loaded"]) > 300
    assert not found["failed"]
