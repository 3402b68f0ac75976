"""Operators that the quantizer does not know, as integers: each run against its floats."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import IoDtype
from edgekit.quantize.rewrite import engine, stand_ins
from edgekit.tflite import interpreter, operator_facts
from edgekit.tflite.operator_facts import OPERATORS
from tests.quantize.tiny_models import Network, extremes, random

SHAPE = (1, 6, 6, 4)
SAMPLES = {"x": random(16, 6, 6, 4)}
POSITIVE = {"x": np.abs(SAMPLES["x"]) + 0.5}
INT8, INT16 = recipes.get("static_wi8_ai8"), recipes.get("static_wi8_ai16")
Build = Callable[[Network], int]


def leaky(net: Network) -> int:
    options = schema.LeakyReluOptionsT()
    options.alpha = 0.1
    return net.op("LEAKY_RELU", [net.x], SHAPE, options)


def prelu(net: Network) -> int:
    alpha = net.constant(np.abs(random(1, 1, 4)))
    return net.op("PRELU", [net.x, alpha], SHAPE)


def reducer(kind: str) -> Build:
    def build(net: Network) -> int:
        axes = net.constant(np.array([1, 2], np.int32))
        return net.op(kind, [net.x, axes], (1, 4), schema.ReducerOptionsT())

    return build


def with_numbers(kind: str, shape: tuple[int, ...], *numbers: object) -> Build:
    def build(net: Network) -> int:
        constants = [net.constant(np.array(each, np.int32)) for each in numbers]
        return net.op(kind, [net.x, *constants], shape)

    return build


def split_v(net: Network) -> int:
    """The first of two parts; nothing reads the other."""
    sizes, axis = net.constant(np.array([1, 3], np.int32)), net.constant(np.array(3, np.int32))
    options = schema.SplitVOptionsT()
    options.numSplits = 2
    first = net.op("SPLIT_V", [net.x, sizes, axis], (1, 6, 6, 1), options)
    second = net._tensor("rest", (1, 6, 6, 3))
    net._graph.operators[-1].outputs = [first, second]
    return first


def depth_to_space(net: Network) -> int:
    options = schema.DepthToSpaceOptionsT()
    options.blockSize = 2
    return net.op("DEPTH_TO_SPACE", [net.x], (1, 12, 12, 1), options)


def topk(net: Network) -> int:
    count = net.constant(np.array(2, np.int32))
    values = net.op("TOPK_V2", [net.x, count], (1, 6, 6, 2), schema.TopKV2OptionsT())
    places = net._tensor("places", (1, 6, 6, 2), schema.TensorType.INT32)
    net._graph.operators[-1].outputs = [values, places]
    return values


def minimum(net: Network) -> int:
    return net.op("MINIMUM", [net.x, net.constant(np.float32(0.5))], SHAPE)


def squeeze(net: Network) -> int:
    mean = net.op(
        "REDUCE_MAX", [net.x, net.constant(np.array([1, 2], np.int32))], (1, 4),
        schema.ReducerOptionsT(),
    )  # fmt: skip
    wide = net.op("EXPAND_DIMS", [mean, net.constant(np.array(1, np.int32))], (1, 1, 4))
    return net.op("SQUEEZE", [wide], (1, 4), schema.SqueezeOptionsT())


def unary(kind: str) -> Build:
    return lambda net: net.unary(kind, net.x)


BUILDERS: dict[str, Build] = {
    "LEAKY_RELU": leaky,
    "PRELU": prelu,
    **{kind: unary(kind) for kind in ("ABS", "ELU", "EXP", "LOG", "RELU6", "RELU_N1_TO_1")},
    **{kind: unary(kind) for kind in ("L2_NORMALIZATION", "LOG_SOFTMAX")},
    "REDUCE_MAX": reducer("REDUCE_MAX"),
    "REDUCE_PROD": reducer("REDUCE_PROD"),
    "TILE": with_numbers("TILE", (1, 12, 6, 4), [1, 2, 1, 1]),
    "REVERSE_V2": with_numbers("REVERSE_V2", SHAPE, [1]),
    "SPACE_TO_BATCH_ND": with_numbers("SPACE_TO_BATCH_ND", (4, 4, 4, 4), [2, 2], [[1, 1], [1, 1]]),
    "BATCH_TO_SPACE_ND": lambda net: net.op(
        "BATCH_TO_SPACE_ND",
        [
            with_numbers("SPACE_TO_BATCH_ND", (4, 3, 3, 4), [2, 2], [[0, 0], [0, 0]])(net),
            net.constant(np.array([2, 2], np.int32)),
            net.constant(np.array([[0, 0], [0, 0]], np.int32)),
        ],
        SHAPE,
    ),
    "SPLIT_V": split_v,
    "DEPTH_TO_SPACE": depth_to_space,
    "TOPK_V2": topk,
    "MINIMUM": minimum,
    "SQUEEZE": squeeze,
    "EXPAND_DIMS": squeeze,
}
# Their outputs are no real values: see the test of what compares.
COMPARING = {name for name, facts in OPERATORS.items() if facts.stand_in == "EQUAL"}


def test_each_operator_with_a_stand_in_is_built_here():
    assert (
        set(BUILDERS) == {name for name, facts in OPERATORS.items() if facts.stand_in} - COMPARING
    )


@pytest.mark.parametrize("name", sorted(BUILDERS))
def test_integers_give_what_floats_do(name: str):
    samples = POSITIVE if name in ("LOG", "REDUCE_PROD") else SAMPLES
    if name == "REDUCE_PROD":
        samples = {"x": 1 + 0.02 * SAMPLES["x"]}
    net = Network()
    content = net.finish(y=BUILDERS[name](net))
    ranges = extremes(content, samples)
    expected = interpreter.run(tflite.read(content), samples)["y"]
    for recipe in (INT8, INT16):
        if f"static_wi8_ai{recipe.quantize.activation_bits}" not in OPERATORS[name].forms:
            continue
        made = engine.quantized(content, recipe, ranges)
        tflite.set_versions(made)
        [op] = [op for op in tflite.operators(made) if op.name == name]
        assert op.outputs[0].scale
        assert all(t.dtype != "float32" for t in (*op.inputs, *op.outputs))
        error = interpreter.run(made, samples)["y"] - expected
        sqnr = 10 * np.log10(np.square(expected).sum() / np.square(error).sum())
        assert sqnr > (33 if recipe is INT8 else 70), recipe.name


@pytest.mark.parametrize("name", sorted(COMPARING))
def test_what_compares_is_as_right_on_the_integers(name: str):
    """Behind a RELU, whose integers both files have: the same answers as on its floats."""
    net = Network()
    first = net.unary("RELU", net.x)
    if name.startswith("ARG"):
        options = schema.ArgMaxOptionsT() if name == "ARG_MAX" else schema.ArgMinOptionsT()
        options.outputType = schema.TensorType.INT32
        axis = net.constant(np.array(3, np.int32))
        y = net.op(name, [first, axis], (1, 6, 6), options, schema.TensorType.INT32)
    else:
        half = net.constant(np.float32(0.0))
        y = net.op(name, [first, half], SHAPE, None, schema.TensorType.BOOL)
    content = net.finish(y=y)
    made = engine.quantized(content, INT8, extremes(content, SAMPLES))
    [op] = [op for op in tflite.operators(made) if op.name == name]
    assert op.inputs[0].dtype == "int8"
    tflite.set_versions(made)
    expected = interpreter.run(tflite.read(content), SAMPLES)["y"]
    assert (interpreter.run(made, SAMPLES)["y"] == expected).mean() > 0.95


def test_a_stand_in_is_known_to_the_quantizer_and_has_the_same_demands_on_scales():
    for name, facts in OPERATORS.items():
        if not facts.stand_in:
            continue
        other = operator_facts.of(facts.stand_in)
        assert not other.stand_in, name
        assert facts.forms <= other.forms, name
        if name != "LOG_SOFTMAX":  # which has a grid that none of the quantizer's has
            assert facts.scale_source == other.scale_source, name
            assert facts.fixed_range == other.fixed_range, name


@pytest.mark.parametrize("io_dtype", ["int8", "uint8"])
@pytest.mark.parametrize("name", ["LOG_SOFTMAX", "L2_NORMALIZATION", "LEAKY_RELU"])
def test_integers_may_be_what_the_model_takes_and_gives(name: str, io_dtype: IoDtype):
    net = Network()
    content = net.finish(y=BUILDERS[name](net))
    assert INT8.quantize is not None
    recipe = replace(INT8, quantize=replace(INT8.quantize, io_dtype=io_dtype))
    made = engine.quantized(content, recipe, extremes(content, SAMPLES))
    tflite.set_versions(made)
    names = [op.name for op in tflite.operators(made) if not op.facts.is_cast]
    assert names == [name]
    assert {tensor.dtype for tensor in tflite.contract(made).outputs} == {io_dtype}
    expected = interpreter.run(tflite.read(content), SAMPLES)["y"]
    error = interpreter.run(made, SAMPLES)["y"] - expected
    assert np.square(error).sum() < 1e-3 * np.square(expected).sum()


def test_an_operator_that_is_to_stay_float_has_no_stand_in():
    net = Network()
    content = net.finish(y=leaky(net))
    model = tflite.read(content)
    assert stand_ins.indices(model, INT8.quantize, {}) == {0}
    assert stand_ins.indices(model, INT8.quantize, {0: None}) == frozenset()
    weights = recipes.get("weight_only_wi8_afp32").quantize
    assert stand_ins.indices(model, weights, {}) == frozenset()


def test_log_softmax_that_others_read_stays_float():
    """They would have been given another grid than the one that its kernel demands."""
    net = Network()
    content = net.finish(y=net.unary("RELU", net.unary("LOG_SOFTMAX", net.x)))
    assert stand_ins.indices(tflite.read(content), INT8.quantize, {}) == frozenset()
