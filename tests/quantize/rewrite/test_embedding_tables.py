"""Tables in int8 where the rest of a file computes in floats."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import Target
from edgekit.quantize.rewrite import check_applied, embedding_tables, engine
from edgekit.tflite import interpreter
from edgekit.tflite.step_interpreter import Steps
from tests.quantize.tiny_models import Network, random
from tests.tflite import old_runtime

DYNAMIC, WEIGHTS = (recipes.get(f"{name}_wi8_afp32") for name in ("dynamic", "weight_only"))
TABLE = random(300, 16)
SAMPLES = {"x": random(8, 6), "ids": np.random.default_rng(0).integers(0, 300, (8, 5))}


def text_net(table: np.ndarray = TABLE, *, lookups: int = 1, also_read: bool = False) -> bytes:
    """Rows picked by ids and a dense layer behind them; from one table more than once."""
    net = Network(shape=(6,))
    ids = net.input("ids", (5,))
    net._graph.tensors[ids].type = schema.TensorType.INT32
    place = net.constant(table, "embedding/table")
    rows = [
        net.op("GATHER", [place, ids], (1, 5, 16), schema.GatherOptionsT()) for _ in range(lookups)
    ]
    total = rows[0] if lookups == 1 else net.add(*rows)
    outputs = {"y": net.dense(total, random(64, 16, scale=0.3), random(64), keep=True)}
    if also_read:
        outputs["all"] = net.unary("RELU", place)
    return net.finish(**outputs, z=net.unary("RELU", net.x))


def outputs(content: bytes) -> dict[str, np.ndarray]:
    return interpreter.run(tflite.read(content), SAMPLES)


def sqnr_db(content: bytes, made: bytes) -> float:
    expected = outputs(content)["y"]
    error = np.square(outputs(made)["y"] - expected).sum()
    return float(10 * np.log10(np.square(expected).sum() / error))


@pytest.mark.parametrize("recipe", [DYNAMIC, WEIGHTS], ids=lambda recipe: recipe.name)
def test_rows_are_picked_from_int8_and_become_floats(recipe) -> None:
    content = text_net()
    made = engine.quantize(content, recipe, None)
    picks, rows, *_ = tflite.operators(tflite.read(made))
    table = picks.inputs[0]
    assert (picks.name, rows.name, table.dtype) == ("GATHER", "DEQUANTIZE", "int8")
    assert table.scale == picks.outputs[0].scale == (pytest.approx(np.abs(TABLE).max() / 127),)
    assert picks.layer == rows.layer == tflite.main_operators(tflite.read(content))[0].layer
    assert len(made) < 0.45 * len(content)
    assert sqnr_db(content, made) > 35
    assert check_applied.check(content, made, recipe) == ()


def test_operator_by_operator_a_file_gives_what_it_gives_as_a_whole() -> None:
    model = tflite.read(engine.quantize(text_net(), WEIGHTS, None))
    steps = Steps(model, SAMPLES)
    for op in steps.operators:
        steps.run(op)
    [y] = [op.outputs[0] for op in steps.operators if op.name == "FULLY_CONNECTED"]
    whole = interpreter.run(model, SAMPLES)["y"]
    np.testing.assert_allclose(steps.real(y), whole, rtol=1e-5, atol=1e-5)


def test_two_that_pick_from_one_table_share_it() -> None:
    made = engine.quantize(text_net(lookups=2), DYNAMIC, None)
    first, _, second, *_ = tflite.operators(tflite.read(made))
    assert first.inputs[0] == second.inputs[0]
    assert first.inputs[0].dtype == "int8"
    assert sqnr_db(text_net(lookups=2), made) > 35


@pytest.mark.parametrize(
    "content",
    [
        text_net(TABLE[:60]),
        text_net(also_read=True),
        text_net(np.where(np.arange(16) == 3, np.float32(np.inf), TABLE)),
    ],
    ids=["small", "also read otherwise", "not finite"],
)
def test_a_table_that_stays_float_is_named(content: bytes) -> None:
    made = engine.quantize(content, WEIGHTS, None)
    assert tflite.main_operators(tflite.read(made))[0].inputs[0].dtype == "float32"
    [skipped] = check_applied.check(content, made, WEIGHTS)
    assert (skipped.operator, skipped.reason) == ("GATHER", embedding_tables.KEPT)


def test_a_table_that_would_lose_too_much_stays_float() -> None:
    rough = np.random.default_rng(0).standard_cauchy((300, 16)).astype(np.float32)
    made = engine.quantize(text_net(rough), WEIGHTS, None)
    assert tflite.main_operators(tflite.read(made))[0].inputs[0].dtype == "float32"


def test_what_a_recipe_or_an_exception_leaves_float_stays() -> None:
    content = text_net()
    float16 = engine.quantize(content, recipes.get("float16"), None)
    kept = engine.quantize(content, DYNAMIC, None, {0: None})
    for made in (float16, kept):
        assert "int8" not in {t.dtype for t in tflite.main_operators(tflite.read(made))[0].inputs}


def test_int4_recipes_have_int8_tables() -> None:
    assert WEIGHTS.quantize is not None
    int4 = replace(WEIGHTS, quantize=replace(WEIGHTS.quantize, weight_bits=4))
    picks, *_ = tflite.operators(tflite.read(engine.quantize(text_net(), int4, None)))
    assert picks.inputs[0].dtype == "int8"


def test_the_old_runtime_gives_the_same(tflite_runtime: Target, tmp_path: Path) -> None:
    """Of ids that are made from the one input, which is all that `old_runtime` feeds."""
    net = Network(shape=(5,))
    size = net.unary("ABS", net.x)
    ids = net.op("CAST", [size], (1, 5), schema.CastOptionsT(), schema.TensorType.INT32)
    rows = net.op("GATHER", [net.constant(TABLE), ids], (1, 5, 16), schema.GatherOptionsT())
    content = net.finish(y=net.dense(rows, random(64, 16, scale=0.3), random(64), keep=True))
    made = engine.quantize(content, WEIGHTS, None)
    path = tmp_path / "m.tflite"
    path.write_bytes(made)
    fed = {"x": np.random.default_rng(7).normal(size=(1, 5)).astype(np.float32)}
    expected = interpreter.run(tflite.read(made), fed)["y"][0]
    np.testing.assert_allclose(
        old_runtime.ask(tflite_runtime, [path])[str(path)], expected, atol=1e-5
    )
