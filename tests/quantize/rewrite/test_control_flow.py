"""Recurrent networks in int8: trained ones, of Keras 3 and Keras 2, through the real quantizer."""

from __future__ import annotations

import copy
import importlib.util
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import Recipe
from edgekit.data.samples import Samples
from edgekit.measure.fidelity import sqnr_db
from edgekit.quantize.calibration.calibrate import Ranges, collect_ranges
from edgekit.quantize.rewrite import control_flow, engine, recurrent_states
from edgekit.quantize.rewrite.check_applied import check
from edgekit.tflite import Model, Operator

Run = Callable[[bytes, Samples], dict[str, np.ndarray]]

STATIC = recipes.get("static_wi8_ai8")

# Which of four frequencies eight noisy channels swing in: trained in seconds, fixed seeds.
TRAIN = """
import pathlib, sys, numpy as np, keras, tf_keras
from edgekit.frontend.export import export
from edgekit.frontend.load import load

folder = pathlib.Path(sys.argv[1])

def data(count, seed):
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 4, count)
    turns = np.array([0.3, 0.6, 0.9, 1.2])[y][:, None, None] * np.arange(16)[None, :, None]
    x = np.sin(turns + rng.uniform(0, 6.28, (count, 1, 8))) + rng.normal(0, 0.5, (count, 16, 8))
    return x.astype("f4"), y

x, y = data(1000, 1)
held, labels = data(400, 2)
np.savez(folder / "data.npz", x=held, y=labels, calibration=data(100, 3)[0])

def nets(L):
    return {
        "lstm": lambda t: L.LSTM(96)(t),
        "bidirectional": lambda t: L.Bidirectional(L.GRU(128))(t),
        "stacked": lambda t: L.SimpleRNN(160)(L.LSTM(96, return_sequences=True)(t)),
        "sequence": lambda t: L.GlobalAveragePooling1D()(L.GRU(160, return_sequences=True)(t)),
        "cells": lambda t: L.RNN([L.LSTMCell(96), L.GRUCell(112)])(t),
        "unrolled": lambda t: L.LSTM(24, unroll=True)(t),
    }

def train(K, name, file):
    K.utils.set_random_seed(0)
    t = K.Input((16, 8), name="x")
    model = K.Model(t, K.layers.Dense(4, name="y")(nets(K.layers)[name](t)))
    loss = K.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(K.optimizers.Adam(3e-3), loss=loss, jit_compile=False)
    model.fit(x, y, epochs=4, batch_size=64, verbose=0)
    model.save(folder / file)
    loaded = load.load(folder / file, unsafe=False)
    content = export.export(loaded, export.fix_shapes(loaded, {}))
    (folder / file).with_suffix(".tflite").write_bytes(content)

for name in nets(keras.layers):
    train(keras, name, f"{name}.keras")
train(tf_keras, "bidirectional", "bidirectional_keras2.h5")

def write(model, name):
    model.save(folder / f"{name}.keras")
    loaded = load.load(folder / f"{name}.keras", unsafe=False)
    content = export.export(loaded, export.fix_shapes(loaded, {}))
    (folder / f"{name}.tflite").write_bytes(content)

# One step a call, the states fed from outside: the weights of layers that were trained.
L = keras.layers
for name, layer, source in (
    ("stream_lstm", L.LSTM(96, return_state=True, unroll=True), "lstm"),
    ("stream_gru", L.GRU(160, return_state=True, unroll=True), "sequence"),
):
    was = keras.models.load_model(folder / f"{source}.keras")
    given = [keras.Input((layer.units,), name=n) for n in "hc"[: 2 if "lstm" in name else 1]]
    t = keras.Input((1, 8), name="x")
    y, *states = layer(t, initial_state=given)
    model = keras.Model([t, *given], {"y": y, **dict(zip(["h2", "c2"], states))})
    layer.set_weights(was.layers[1].get_weights())
    write(model, name)
"""

EXPORT = """
import sys, tensorflow as tf

rng = tf.random.Generator.from_seed(1)
first, second = tf.Variable(rng.normal((8, 64))), tf.Variable(rng.normal((64, 8)))

class Branches(tf.Module):
    def __init__(self):
        self.variables_ = [first, second]

def call(x):
    return {"y": tf.cond(
        tf.reduce_sum(x) > 0.0,
        lambda: tf.tanh(x @ first) @ second,
        lambda: tf.nn.relu(x @ first) @ second,
    )}

function = tf.function(call).get_concrete_function(tf.TensorSpec((1, 8), tf.float32, name="x"))
converter = tf.lite.TFLiteConverter.from_concrete_functions([function], Branches())
open(sys.argv[1], "wb").write(converter.convert())
"""

LOOPED = ("lstm", "bidirectional", "stacked", "sequence", "cells", "bidirectional_keras2")


def child(code: str, *arguments: str) -> None:
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "-1"}
    command = [sys.executable, "-W", "ignore", "-c", code, *arguments]
    done = subprocess.run(command, env=quiet, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@dataclass(frozen=True)
class Net:
    content: bytes
    model: Model
    ranges: Ranges
    samples: Samples
    labels: np.ndarray

    @property
    def loop(self) -> int:
        """The index of the first WHILE."""
        ops = tflite.operators(self.model)
        return next(op.index for op in ops if op.name == "WHILE")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    folder = tmp_path_factory.mktemp("recurrent")
    child(TRAIN, str(folder))
    return folder


@pytest.fixture(scope="module")
def net(trained: Path) -> Callable[[str], Net]:
    made: dict[str, Net] = {}

    def load(name: str) -> Net:
        if name not in made:
            path = trained / f"{name}.tflite"
            with np.load(trained / "data.npz") as data:
                calibration = Samples(inputs={"x": data["calibration"]})
                samples, labels = Samples(inputs={"x": data["x"]}), data["y"]
            made[name] = Net(
                content=path.read_bytes(),
                model=tflite.read(path),
                ranges=collect_ranges(path, calibration, tflite.contract(path)),
                samples=samples,
                labels=labels,
            )
        return made[name]

    return load


def inside(content: bytes) -> list[Operator]:
    """All operators of loops and branches."""
    model = tflite.read(content)
    main = tflite.binding(model).subgraph
    return [op for op in tflite.operators(model) if op.subgraph != main]


def products(content: bytes) -> list[Operator]:
    return [op for op in inside(content) if op.name == "FULLY_CONNECTED"]


def types(op: Operator) -> tuple[str, str, str]:
    """What a product reads, its weights and what it gives."""
    return op.inputs[0].dtype, op.inputs[1].dtype, op.outputs[0].dtype


def finished(content: bytes) -> bytes:
    """With the operators' right versions, as every file of edgekit's is."""
    model = tflite.read(content)
    contract = tflite.contract(model)
    return tflite.finish(model, contract=contract, name="n", description="d")


@pytest.mark.convert
@pytest.mark.parametrize("name", LOOPED)
def test_products_in_loops_become_int8_and_the_network_computes_the_same(
    net: Callable[[str], Net], run: Run, name: str
) -> None:
    it = net(name)
    made = finished(engine.quantize(it.content, STATIC, it.ranges))
    assert len(products(it.content)) == len(products(made)) >= 2
    assert {types(op) for op in products(made)} == {("int8", "int8", "int8")}
    # Each was float, and what a loop carries from step to step still is.
    assert {types(op) for op in products(it.content)} == {("float32", "float32", "float32")}
    model, was = tflite.read(made), it.model
    for number in control_flow.owners(was):
        for side in ("inputs", "outputs"):
            old, new = getattr(was.subgraphs[number], side), getattr(model.subgraphs[number], side)
            assert [tflite.tensor(was, number, i).dtype for i in old] == [
                tflite.tensor(model, number, i).dtype for i in new
            ]
    assert len(made) < 0.4 * len(it.content)
    [expected], [got] = run(it.content, it.samples).values(), run(made, it.samples).values()
    assert sqnr_db(expected, got) > 28
    right = [float(np.mean(y.argmax(axis=-1) == it.labels)) for y in (expected, got)]
    assert right[0] > 0.5  # four classes: it has learnt something
    assert abs(right[0] - right[1]) <= 0.02


@pytest.mark.convert
def test_every_other_operator_of_a_loop_is_named_with_the_reason(
    net: Callable[[str], Net],
) -> None:
    it = net("lstm")
    said = check(it.content, engine.quantize(it.content, STATIC, it.ranges), STATIC)
    assert {skipped.reason for skipped in said} == {control_flow.REST}
    assert {skipped.layer for skipped in said} == {"lstm"}
    gates = {skipped.operator for skipped in said}
    assert {"LOGISTIC", "TANH", "MUL"} <= gates
    assert "FULLY_CONNECTED" not in gates


@pytest.mark.convert
@pytest.mark.parametrize("recipe", [r for r in recipes.RECIPES.values() if r.quantize])
def test_every_recipe_treats_the_weights_in_loops(
    net: Callable[[str], Net], run: Run, recipe: Recipe
) -> None:
    it = net("sequence")
    made = finished(engine.quantize(it.content, recipe, it.ranges))
    assert len(made) < 0.6 * len(it.content)
    samples = Samples(inputs={"x": it.samples.inputs["x"][:100]})
    [expected], [got] = run(it.content, samples).values(), run(made, samples).values()
    assert sqnr_db(expected, got) > (15 if "wi4" in recipe.name else 28)


@pytest.mark.convert
def test_integer_inputs_and_outputs_end_at_the_loop(net: Callable[[str], Net], run: Run) -> None:
    it = net("lstm")
    [expected] = run(it.content, it.samples).values()
    for io in ("int8", "uint8"):
        made = engine.quantize(it.content, recipes.get(STATIC.name, io), it.ranges)
        contract = tflite.contract(made)
        assert [spec.dtype for spec in (*contract.inputs, *contract.outputs)] == [io, io]
        [got] = run(made, it.samples).values()
        assert sqnr_db(expected, got) > 28


@pytest.mark.convert
def test_an_exception_for_a_loop_holds_inside_it(net: Callable[[str], Net], run: Run) -> None:
    it = net("lstm")
    kept = engine.quantize(it.content, STATIC, it.ranges, {it.loop: None})
    assert {types(op)[1] for op in products(kept)} == {"float32"}
    assert check(it.content, kept, STATIC, {it.loop: None}) == ()
    dynamic = recipes.get("dynamic_wi8_afp32").quantize
    made = engine.quantize(it.content, STATIC, it.ranges, {it.loop: dynamic})
    assert {types(op) for op in products(made)} == {("float32", "int8", "float32")}
    assert check(it.content, made, STATIC, {it.loop: dynamic}) == ()
    # And the other way round: one loop static in a file that is not.
    other = recipes.get("weight_only_wi8_afp32")
    made = engine.quantize(it.content, other, it.ranges, {it.loop: STATIC.quantize})
    assert {types(op) for op in products(made)} == {("int8", "int8", "int8")}
    [expected], [got] = run(it.content, it.samples).values(), run(made, it.samples).values()
    assert sqnr_db(expected, got) > 28


@pytest.mark.convert
@pytest.mark.parametrize("io", ["float32", "int8", "uint8"])
def test_an_exception_for_the_last_operator_leaves_the_outputs_as_asked(
    net: Callable[[str], Net], run: Run, io: str
) -> None:
    it = net("lstm")
    main = [op for op in tflite.operators(it.model) if op.subgraph == 0]
    made = engine.quantize(
        it.content, recipes.get(STATIC.name, io), it.ranges, {len(main) - 1: None}
    )
    [output] = tflite.contract(made).outputs
    assert output.dtype == io
    [expected], [got] = run(it.content, it.samples).values(), run(made, it.samples).values()
    assert sqnr_db(expected, got) > 28


@pytest.mark.convert
def test_an_unrolled_network_loads_though_nobody_reads_its_first_forget_gate(
    net: Callable[[str], Net], run: Run
) -> None:
    it = net("unrolled")
    assert not inside(it.content)
    read = {t.index for op in tflite.operators(it.model) for t in op.inputs}
    splits = [op for op in tflite.operators(it.model) if op.name == "SPLIT"]
    assert any(tensor.index not in read for op in splits for tensor in op.outputs)
    made = engine.quantize(it.content, STATIC, it.ranges)
    [expected], [got] = run(it.content, it.samples).values(), run(made, it.samples).values()
    assert sqnr_db(expected, got) > 15
    assert np.mean(expected.argmax(-1) == got.argmax(-1)) > 0.95


@pytest.mark.convert
def test_a_branch_that_no_sample_reaches_stays_float_and_is_named(tmp_path: Path, run: Run) -> None:
    if importlib.util.find_spec("tensorflow") is None:
        pytest.skip("TensorFlow is not installed: pip install 'edgekit-tflite[convert]'")
    path = tmp_path / "branches.tflite"
    child(EXPORT, str(path))
    x = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    x = x[np.abs(x.sum(axis=1)) > 0.5]  # no rounding sends a sample into the other branch
    up, down = x[x.sum(axis=1) > 0], x[x.sum(axis=1) < 0]
    content, contract = path.read_bytes(), tflite.contract(path)
    [name] = [spec.name for spec in contract.inputs]

    for calibration, reached in ((x, (up, down)), (up, (up,))):
        ranges = collect_ranges(path, Samples(inputs={name: calibration}), contract)
        made = engine.quantize(content, STATIC, ranges)
        stored = [types(op) for op in products(made)]
        assert stored.count(("int8", "int8", "int8")) == 2 * len(reached)
        reasons = [
            s.reason for s in check(content, made, STATIC) if s.operator == "FULLY_CONNECTED"
        ]
        assert reasons == [control_flow.NO_RANGE] * 2 * (2 - len(reached))
        for side in reached:
            samples = Samples(inputs={name: side})
            [expected], [got] = run(content, samples).values(), run(made, samples).values()
            assert sqnr_db(expected, got) > 28


@pytest.mark.convert
def test_a_loop_in_a_loop_belongs_to_the_outer_one(net: Callable[[str], Net]) -> None:
    it = net("stacked")
    whiles = [op for op in tflite.operators(it.model) if op.name == "WHILE"]
    found = control_flow.owners(it.model)
    assert len(whiles) == 2
    assert len(found) == 4
    assert sorted(found) == [1, 2, 3, 4]
    assert {frozenset(by) for by in found.values()} == {frozenset({op.index}) for op in whiles}
    # Let the second body run the first: both then belong to both operators.
    model = tflite.read(it.content)
    second = model.subgraphs[0].operators[whiles[1].index]
    body = second.builtinOptions.bodySubgraphIndex
    inner = copy.copy(model.subgraphs[0].operators[whiles[0].index])
    inner.inputs, inner.outputs = [], []
    model.subgraphs[body].operators.append(inner)
    nested = control_flow.owners(model)
    first_body = inner.builtinOptions.bodySubgraphIndex
    assert nested[first_body] == {op.index for op in whiles}
    assert nested[body] == {whiles[1].index}


def test_loops_that_share_a_body_and_differ_leave_it_float() -> None:
    how, other = STATIC.quantize, recipes.get("dynamic_wi8_afp32").quantize
    assert how is not None
    assert control_flow.asked(frozenset({3, 7}), how, {}) == how
    assert control_flow.asked(frozenset({3, 7}), how, {3: other, 7: other}) == other
    assert control_flow.asked(frozenset({3, 7}), how, {3: other}) is None
    assert control_flow.asked(frozenset(), how, {3: None}) == how


def stream(content: bytes, x: np.ndarray) -> tuple[np.ndarray, list[dict[str, np.ndarray]]]:
    """All answers of a network that is fed its own states, `(steps, units)`, and what it is fed."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=content, num_threads=1).get_signature_runner()
    contract = tflite.contract(content)
    fed = {s.name: np.zeros(s.shape, np.float32) for s in contract.inputs}
    answers, seen = [], []
    for step in x:
        fed["x"] = step[None, None]
        seen.append(dict(fed))
        answered = {name: value.copy() for name, value in runner(**fed).items()}
        answers.append(answered["y"][0])
        fed = {name: answered[f"{name}2"] for name in fed if name != "x"}
    return np.stack(answers), seen


@pytest.mark.convert
@pytest.mark.parametrize(
    ("name", "held", "gain"),  # a GRU's state stays within -1 and 1: less is rounded away
    [
        ("stream_lstm", ["ADD", "MUL", "MUL", "MUL", "TANH"], 3),
        ("stream_gru", ["ADD", "MUL", "MUL"], 0.5),
    ],
)
def test_states_that_an_app_feeds_back_are_not_rounded_from_call_to_call(
    trained: Path, name: str, held: list[str], gain: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = trained / f"{name}.tflite"
    content, contract = path.read_bytes(), tflite.contract(path)
    model = tflite.read(content)
    ops = {op.index: op.name for op in tflite.operators(model)}
    assert sorted(ops[index] for index in recurrent_states.holders(model)) == held
    with np.load(trained / "data.npz") as data:
        x, fresh = data["calibration"][:20].reshape(-1, 8), data["x"][:20].reshape(-1, 8)
    _, seen = stream(content, x)
    fed = {
        spec.name: np.concatenate([step[spec.name] for step in seen]) for spec in contract.inputs
    }
    ranges = collect_ranges(path, Samples(inputs=fed), contract)
    made = engine.quantize(content, STATIC, ranges)
    said = check(content, made, STATIC)
    assert {skipped.reason for skipped in said} == {recurrent_states.KEPT}
    assert sorted(skipped.operator for skipped in said) == held
    expected, _ = stream(content, fresh)
    kept = sqnr_db(expected, stream(made, fresh)[0])
    with monkeypatch.context() as patch:
        patch.setattr(recurrent_states, "holders", lambda model: frozenset())
        rounded = sqnr_db(expected, stream(engine.quantize(content, STATIC, ranges), fresh)[0])
    assert kept > 25
    assert kept > rounded + gain, (kept, rounded)
    # The user's word for the layer stands above the rule; 16 bits are fine enough for a state.
    everything = dict.fromkeys(recurrent_states.holders(model), STATIC.quantize)
    asked = engine.quantize(content, STATIC, ranges, everything)
    assert check(content, asked, STATIC, everything) == ()
    wide = recipes.get("static_wi8_ai16")
    assert check(content, engine.quantize(content, wide, ranges), wide) == ()


def test_a_network_without_states_has_no_holders(fixture_model: Callable[[str], Path]) -> None:
    model = tflite.read(fixture_model("add.float32"))
    assert recurrent_states.holders(model) == frozenset()
    assert control_flow.owners(model) == {}
