"""Integers that are floats for a while: what they go through is not quantized."""

from __future__ import annotations

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.rewrite import carried_integers, check_applied, engine
from edgekit.tflite import interpreter
from tests.quantize.tiny_models import Network, extremes, random

INT32, BOOL = schema.TensorType.INT32, schema.TensorType.BOOL
INT8 = recipes.get("static_wi8_ai8")


def cast(net: Network, x: int, shape: tuple[int, ...], dtype: int) -> int:
    return net.op("CAST", [x], shape, schema.CastOptionsT(), dtype)


def names(model: tflite.Model, indices: frozenset[int]) -> list[str]:
    return [op.name for op in tflite.operators(model) if op.index in indices]


def test_ids_stay_what_they_are():
    net = Network("id", (3,))
    rows = net.op("RESHAPE", [net.x, net.constant(np.array([3, 1], np.int32))], (3, 1))
    more = net.op("ADD", [rows, net.constant(np.float32(1))], (3, 1), schema.AddOptionsT())
    ids = cast(net, more, (3, 1), INT32)
    table = net.constant(random(21, 4))
    content = net.finish(y=net.op("GATHER", [table, ids], (3, 1, 4), schema.GatherOptionsT()))
    model = tflite.read(content)
    carriers = carried_integers.carriers(model)
    assert names(model, carriers) == ["RESHAPE", "ADD"]
    samples = {"id": np.arange(20, dtype=np.float32)[:, None].repeat(3, 1)}
    made = engine.quantized(content, INT8, extremes(content, samples))
    tflite.set_versions(made)
    expected = interpreter.run(model, samples)["y"]
    assert np.abs(interpreter.run(made, samples)["y"] - expected).max() < 0.05
    skipped = check_applied.check(model, made, INT8)
    assert {one.reason for one in skipped} == {carried_integers.KEPT}


def test_what_is_multiplied_by_weights_ends_the_way_back():
    net = Network("x", (4,))
    first = net.unary("TANH", net.x)
    dense = net.dense(first, random(4, 4))
    content = net.finish(y=cast(net, net.unary("RELU", dense), (1, 4), INT32))
    model = tflite.read(content)
    assert names(model, carried_integers.carriers(model)) == ["RELU"]


def test_a_comparison_of_integers_stays_exact():
    net = Network("x", (4,))
    numbers = cast(net, cast(net, net.x, (1, 4), INT32), (1, 4), schema.TensorType.FLOAT32)
    three = net.constant(np.float32(3))
    content = net.finish(y=net.op("EQUAL", [numbers, three], (1, 4), None, BOOL))
    model = tflite.read(content)
    assert names(model, carried_integers.carriers(model)) == ["EQUAL"]


def test_pixels_are_no_ids():
    net = Network("x", (4,))
    pixels = cast(net, cast(net, net.x, (1, 4), INT32), (1, 4), schema.TensorType.FLOAT32)
    scaled = net.op("MUL", [pixels, net.constant(np.float32(1 / 255))], (1, 4))
    content = net.finish(y=net.dense(scaled, random(3, 4)))
    assert carried_integers.carriers(tflite.read(content)) == frozenset()
    assert carried_integers.kept(tflite.read(content), recipes.get("float16").quantize) == {}
