"""No text of a model file reaches code or another file; whatever is plain arithmetic loads."""

from __future__ import annotations

import base64
import json
import marshal
import random
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgekit.core.errors import ModelError, UnsafeModelError
from edgekit.frontend.load.archive import MAX_DEPTH, read_json
from edgekit.frontend.load.keras_config import by_given_name, without_compilation
from edgekit.frontend.trust import allowed_classes, allowed_symbols
from edgekit.frontend.trust.check_config import check
from edgekit.frontend.trust.config_graph import check_order

HERE = Path(__file__).parent
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


# Every public symbol of TensorFlow and both Keras.


@pytest.fixture(scope="module")
def case(start_cases: Any) -> Any:
    return start_cases(HERE / "symbols_worker.py")


@pytest.fixture(scope="module")
def names(case: Any) -> dict[str, list[str]]:
    found: dict[str, list[str]] = case("names")
    assert len(found) > 8000
    return found


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


# Classes that files can name and that stay out, each for a reason that `allowed_classes` gives.
LEFT_OUT = set(
    """
    Lambda TFSMLayer TorchModuleWrapper JaxLayer FlaxLayer AbstractRNNCell Wrapper
    BaseRandomLayer BatchNormalizationBase _RNNCellWrapper Initializer Regularizer Constraint
    AssociativeScan Cond ForiLoop Map Scan Switch VectorizedMap WhileLoop JVP Function Operation
    Input add average concatenate dot maximum minimum multiply subtract
    """.split()
)


@pytest.mark.convert
def test_every_class_of_keras_is_listed_or_left_out_on_purpose(case: Any):
    for where, found in case("classes").items():
        assert len(found) > 3, where
        unlisted = {name for name in found if name not in allowed_classes.CLASSES}
        assert unlisted <= LEFT_OUT, where
    for kind in ("Flatten", "ReLU", "Add"):
        assert set(case("modules", kind=kind)) <= allowed_classes.MODULES


# Files: each way to code, by each container.


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


WAYS = sorted(gadgets(Path("/touched")))
BASES = ("k2_conv.h5", "k2_conv.keras", "k3_conv.keras", "k3_conv.h5", "tfjs", "folder")


def planted(base: str, models: Path, target: Path, gadget: Config) -> Path:
    """A copy of an honest model with one more layer."""

    def plant(text: str | bytes) -> str:
        payload = json.loads(text)
        config = payload.get("modelTopology", payload)
        config = config.get("model_config", config)
        config["config"]["layers"].append(gadget)
        return json.dumps(payload)

    target.mkdir()
    if base == "tfjs":
        shutil.copytree(models / "tfjs", target, dirs_exist_ok=True)
        (target / "model.json").write_text(plant((target / "model.json").read_text()))
    elif base == "folder":
        with zipfile.ZipFile(models / "k3_conv.keras") as archive:
            archive.extractall(target)
        (target / "config.json").write_text(plant((target / "config.json").read_text()))
    elif base.endswith(".keras"):
        target = target / base
        with zipfile.ZipFile(models / base) as old, zipfile.ZipFile(target, "w") as new:
            for name in old.namelist():
                content = old.read(name)
                new.writestr(name, plant(content) if name == "config.json" else content)
    else:
        import h5py

        target = Path(shutil.copy(models / base, target))
        with h5py.File(target, "r+") as file:
            file.attrs["model_config"] = plant(file.attrs["model_config"]).encode()
    return target


@pytest.mark.convert
@pytest.mark.parametrize("base", BASES)
@pytest.mark.parametrize("way", WAYS)
def test_no_container_reaches_code(
    way: str, base: str, tmp_path: Path, keras_models: Path, load_in_child: Any
):
    touched = tmp_path / "touched"
    touched.mkdir()
    gadget = gadgets(touched)[way]
    path = planted(base, keras_models, tmp_path / "model", gadget)
    with pytest.raises(ModelError) as caught:
        load_in_child(path)
    said = str(caught.value)
    assert "--unsafe" in said, said
    assert "'z'" in said or "layer" in said, said
    assert not list(touched.iterdir())


@pytest.mark.convert
def test_the_gadgets_are_real(tmp_path: Path, keras_models: Path, load_in_child: Any):
    touched = tmp_path / "touched"
    touched.mkdir()
    gadget = gadgets(touched)["class_method"]
    path = planted("k2_conv.h5", keras_models, tmp_path / "model", gadget)
    with pytest.raises(ModelError):
        load_in_child(path, unsafe=True)
    assert [file.name for file in touched.iterdir()] == ["written"]


@pytest.mark.convert
def test_the_description_in_a_saved_model_reaches_no_code(tmp_path: Path, case: Any):
    planted = gadgets(tmp_path)
    said = case("saved_description", folder=str(tmp_path / "m"), gadgets=planted, metric="get")
    assert said.pop("honest") == ""
    assert "damaged" in said.pop("cut")
    assert len(said) == 2 * len(planted)
    for name, text in said.items():
        assert text, name
        assert "--unsafe" in text, name


# TensorFlow reads the one in bytes: that is done in children only, as the tests above do.
@settings(deadline=None, max_examples=300)
@given(
    way=st.sampled_from([way for way in WAYS if way != "operator_bytes"]),
    outer=st.lists(st.sampled_from(["wrapper", "model", "list", "option"]), max_size=6),
)
def test_however_deep_a_gadget_lies_it_is_refused(way: str, outer: list[str]):
    config: Any = gadgets(Path("/touched"))[way]
    for kind in outer:
        if kind == "wrapper":
            config = layer("TimeDistributed", {"layer": config})
        elif kind == "model":
            config = layer("Functional", {"layers": [layer("Dense", {"units": 1}), config]})
        elif kind == "list":
            config = {"class_name": "Sequential", "config": [config]}
        else:
            config = layer("Dense", {"anything": {"else": [1, config]}})
    refusal(config)


# The person's own code.


def test_what_the_person_gives_is_known_by_name_only():
    def mine(name: str) -> str | None:
        return "pack>Scale" if name in ("Scale", "pack>Scale", "triple") else None

    scale = layer("Scale", {}, module="os", registered_name="system")
    check(scale, mine)
    # Keras 2 would import the module, and take the registered name from it.
    assert by_given_name(scale, mine)["registered_name"] == "pack>Scale"
    named = {"class_name": "function", "module": "os", "config": "triple"}
    assert by_given_name(named, mine)["config"] == "pack>Scale"
    function = {"function": "triple", "function_type": "function"}
    check(layer("Lambda", function), mine)
    for more in (
        {"output_shape": ["code"], "output_shape_type": "lambda"},
        {"mask": ["code"], "mask_type": "lambda"},
        {"function_type": "lambda"},
    ):
        refusal(layer("Lambda", {**function, **more}), mine)


def test_losses_of_nested_models_are_taken_out():
    loss = {"class_name": "function", "module": "os", "config": "system"}
    config = layer("Functional", {"layers": []}, compile_config={"loss": loss})
    check(without_compilation(config), nobody)
    refusal(config)


def test_texts_that_arithmetic_takes():
    def call(symbol: str, *texts: str) -> Config:
        return layer("TFOpLambda", {"function": symbol}, [["x", 0, 0, {"a": list(texts)}]])

    for config in (
        call("cast", "float32"),
        call("nn.conv2d", "SAME", "NHWC"),
        call("einsum", "bij,bjk->bik"),
        call("__operators__.eq", "any text at all"),
        layer("TFOpLambda", {"function": "nn.relu"}, [["x", 0, 0, {"name": "a/b"}]]),
        layer(
            "SlicingOpLambda",
            {"function": "__operators__.getitem"},
            [["x", 0, 0, {"slice_spec": {"class_name": "__tuple__", "items": [1, 2]}}]],
        ),
    ):
        check(config, nobody)
    for text in ("/etc/passwd", "file.txt", "http://z.example", "float32/.."):
        refusal(call("cast", text))


# Orders, depths.


def functional(**inputs: list[tuple[str, int]]) -> Config:
    layers = [
        {
            "class_name": "Dense" if calls else "InputLayer",
            "name": name,
            "inbound_nodes": [[[other, node, 0, {}]] for other, node in calls],
        }
        for name, calls in inputs.items()
    ]
    return {"class_name": "Functional", "config": {"layers": layers}}


@settings(deadline=None)
@given(st.integers(1, 12), st.randoms(use_true_random=False))
def test_layers_in_any_order_are_built_unless_they_wait_in_a_circle(
    count: int, chance: random.Random
):
    inputs: dict[str, list[tuple[str, int]]] = {"l0": []}
    for i in range(1, count + 1):
        inputs[f"l{i}"] = [(f"l{chance.randrange(i)}", 0)]
    names = list(inputs)
    chance.shuffle(names)
    check_order(functional(**{name: inputs[name] for name in names}))
    last = f"l{count}"
    with pytest.raises(ModelError, match="waits for"):
        check_order(functional(**inputs, loop=[("loop", 0)]))
    with pytest.raises(ModelError, match="waits for call 1"):
        check_order(functional(**inputs, more=[(last, 1)]))
    with pytest.raises(ModelError, match="waits for"):
        check_order(functional(**inputs, a=[("b", 0)], b=[("a", 0)]))


def test_layers_that_are_called_twice_wait_for_the_right_call():
    check_order(functional(x=[], a=[("x", 0), ("b", 0)], b=[("a", 0)], c=[("a", 1)]))
    with pytest.raises(ModelError, match="'a' waits for call 0 of 'b'"):
        check_order(functional(x=[], a=[("b", 0), ("x", 0)], b=[("a", 0)]))


def test_json_that_nests_too_deeply():
    for levels, said in ((MAX_DEPTH + 1, "is nested too deeply"), (100_000, "is not JSON")):
        with pytest.raises(ModelError, match=said):
            read_json(Path("x"), '{"a":' + "[" * levels + "]" * levels + "}", "config.json")
    read_json(Path("x"), '{"a":' + "[" * 200 + "]" * 200 + "}", "config.json")


# Honest models.


@pytest.mark.convert
@pytest.mark.parametrize("ending", [".h5", ".keras"])
def test_arithmetic_between_layers_loads(ending: str, tmp_path: Path, case: Any):
    errors = {
        name: case("loads", name=name, ending=ending, folder=str(tmp_path))
        for name in case("expressions")
    }
    compared = {name: error for name, error in errors.items() if error is not None}
    assert len(compared) > 33
    assert max(compared.values()) < 1e-4, compared


@pytest.mark.convert
def test_every_listed_function_that_takes_tensors_loads(tmp_path: Path, case: Any):
    found = case("listed_functions", folder=str(tmp_path))
    assert len(found["loaded"]) > 300
    assert not found["failed"]


@pytest.mark.convert
def test_every_operation_of_keras_3_that_takes_tensors_loads(tmp_path: Path, case: Any):
    found = case("operations3", folder=str(tmp_path))
    assert len(found["loaded"]) > 120
    assert not found["failed"]


@pytest.mark.convert
@pytest.mark.parametrize("version", [2, 3])
def test_every_layer_that_needs_little_loads(version: int, tmp_path: Path, case: Any):
    found = case("layers", version=version, folder=str(tmp_path))
    assert len(found["loaded"]) > 60
    assert not found["failed"]


def test_an_unsafe_error_is_one():
    with pytest.raises(UnsafeModelError):
        check(layer("TFOpLambda", {"function": "io.write_file"}), nobody)
