"""Configurations of layers, and what is said of those that are refused."""

from __future__ import annotations

import base64
import marshal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edgekit.core.errors import ModelError
from edgekit.frontend.trust.check_config import check

Config = dict[str, Any]


def nobody(name: str) -> str | None:
    return None


def layer(kind: str, options: Config, nodes: Any = (), **more: Any) -> Config:
    return {
        "class_name": kind,
        "config": {"name": "z", **options},
        "name": "z",
        "inbound_nodes": list(nodes),
        **more,
    }


def refusal(config: Any, resolve: Callable[[str], str | None] = nobody) -> str:
    with pytest.raises(ModelError) as caught:
        check({"class_name": "Functional", "config": {"layers": [config]}}, resolve)
    said = str(caught.value)
    assert "'z'" in said, "a refusal names the layer"
    assert "--unsafe" in said
    return said


def lambda_of(text: str) -> list[Any]:
    code = base64.b64encode(marshal.dumps(compile(text, "z", "eval"))).decode()
    return [code, None, None]


def gadgets(touched: Path) -> dict[str, Config]:
    """A layer for each way in which a text could become more than arithmetic."""
    target = str(touched / "written")
    constant = ["_CONSTANT_VALUE", -1, target]
    write = {"function": "io.write_file"}
    system = {"module": "os", "class_name": "function", "config": "system"}
    resolver = {"class_name": "deserialize_keras_object", "config": {"identifier": system}}
    bytecode = lambda_of(f"open({target!r}, 'w')")
    writes = layer("TFOpLambda", write, [[*constant, {"contents": "x"}]])
    return {
        "function": writes,
        "slicing": layer("SlicingOpLambda", write, [[*constant, {"contents": "x"}]]),
        "class_method": layer(
            "ClassMethod",
            {"cls_symbol": "io.write_file", "method_name": "__call__"},
            [[[*constant, {"kwargs": {"contents": "x"}}]]],
        ),
        "raw_operator": layer("TFOpLambda", {"function": "raw_ops.WriteFile"}),
        "print": layer(
            "TFOpLambda",
            {"function": "print"},
            [["_CONSTANT_VALUE", -1, "x", {"output_stream": f"file://{target}"}]],
        ),
        "library": layer("TFOpLambda", {"function": "load_op_library"}, [[*constant, {}]]),
        "native_code": layer("TFOpLambda", {"function": "xla_custom_call_v2"}),
        "text_constant": layer("TFOpLambda", {"function": "identity"}, [[*constant, {}]]),
        "method": layer("InstanceMethod", {"attr_name": "__reduce__"}),
        "attribute": layer("InstanceProperty", {"attr_name": "__class__"}),
        "operator": layer("TensorFlowOpLayer", {"node_def": {"op": "WriteFile", "name": "z"}}),
        "operator_bytes": layer("TensorFlowOpLayer", {"node_def": "\n\x01z\x12\x09WriteFile"}),
        "module": layer("system", {}, module="os"),
        "registered": layer("Dense", {"units": 1}, module="os", registered_name="system"),
        "download": layer("get_file", {"origin": "http://z.example"}, module="keras.utils"),
        "load_model": layer("load_model", {"filepath": target}, module="keras.models"),
        "activation": layer("Dense", {"units": 1, "activation": system}),
        "activation_text": layer("Dense", {"units": 1, "activation": "deserialize"}),
        "regularizer": layer("Dense", {"units": 1, "kernel_regularizer": resolver}),
        "initializer": layer("Dense", {"units": 1, "kernel_initializer": layer("x", {})}),
        "constraint": layer("Dense", {"units": 1, "bias_constraint": resolver}),
        "policy": layer("Dense", {"units": 1, "dtype": {"class_name": "eval", "config": {}}}),
        "lambda": layer("Lambda", {"function": bytecode, "function_type": "lambda"}),
        "lambda_object": layer("Dense", {"x": {"class_name": "__lambda__", "config": {}}}),
        "cell_wrapper": layer(
            "ResidualWrapper", {"residual_fn": bytecode, "residual_fn_type": "lambda"}
        ),
        "nested_model": layer("Functional", {"layers": [writes]}),
        "wrapper": layer("TimeDistributed", {"layer": writes}),
        "cell": layer("RNN", {"cell": layer("StackedRNNCells", {"cells": [writes]})}),
        "vocabulary": layer("StringLookup", {"vocabulary": target}),
        "column": layer("VocabularyFileCategoricalColumn", {"vocabulary_file": target}),
        "checkpoint": layer("EmbeddingColumn", {"ckpt_to_load_from": target}),
        "normalizer": layer("NumericColumn", {"normalizer_fn": "system"}),
        "type_spec": layer(
            "InputLayer",
            {"type_spec": {"class_name": "__typespec__", "spec_name": "x", "module": "os"}},
        ),
        "old_type_spec": layer(
            "InputLayer", {"x": {"class_name": "TypeSpec", "type_spec": "tf.RowPartitionSpec"}}
        ),
        "literal": layer("Dense", {"x": {"class_name": "TensorShape", "module": "this"}}),
        "build": layer("Dense", {"units": 1}, build_config={"x": writes}),
        "no_text": layer("Dense", {"x": {"class_name": ["os"], "config": {}}}),
        "saved_model": layer("TFSMLayer", {"filepath": target}),
        "other_framework": layer("FlaxLayer", {"module": system}),
    }
