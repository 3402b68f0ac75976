"""Rewrites of float files: done where outputs are proven equal, else left out with a note."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.tflite import exact_rewrites, interpreter
from edgekit.tflite.exact_rewrites import REWRITES, Proof
from tests.quantize.tiny_models import RELU, VALID, Network, random


def padded(*, unread: bool = False) -> bytes:
    net = Network()
    y = net.conv(net.pad(net.x, 1), random(8, 3, 3, 4), random(8), padding=VALID, activation=RELU)
    y = net.op("MUL", [y, net.constant(np.abs(random(8)))], (1, 6, 6, 8), schema.MulOptionsT())
    return net.finish(y=net.dense(net.mean(y), random(5, 8)))


def test_what_was_done_is_counted_and_nothing_of_it_is_left() -> None:
    content = padded()
    after, done = exact_rewrites.rewritten(content)
    assert done.counts == {
        "PAD as padding of a convolution": 1,
        "MUL and ADD of a normalization into weights": 1,
    }
    assert done.notes == ()
    model = tflite.read(after)
    assert [op.name for op in tflite.operators(model)] == ["CONV_2D", "MEAN", "FULLY_CONNECTED"]
    used = {t.index for op in tflite.operators(model) for t in (*op.inputs, *op.outputs)}
    assert used == set(range(len(model.subgraphs[0].tensors)))
    assert len(after) < len(content)
    samples = {"x": random(2, 6, 6, 4)}
    expected, given = (interpreter.run(tflite.read(c), samples)["y"] for c in (content, after))
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-5)


def test_where_there_is_nothing_to_do_the_bytes_are_the_same() -> None:
    net = Network()
    content = net.finish(y=net.conv(net.x, random(8, 3, 3, 4)))
    assert exact_rewrites.rewritten(content) == (content, exact_rewrites.Rewritten())


def slightly_wrong(model: tflite.Model) -> int:
    """The first bias a little larger: a hundredth of what int8 rounds away."""
    op = tflite.main_operators(model)[1]
    assert op.bias is not None
    model.buffers.append(schema.BufferT())
    raw = model.subgraphs[0].tensors[op.bias.index]
    values = tflite.values(model, op.bias)
    raw.buffer = len(model.buffers) - 1
    model.buffers[raw.buffer].data = (values * np.float32(1.0001)).view(np.uint8)
    return 1


def test_a_rewrite_that_changes_outputs_is_left_out_with_a_note() -> None:
    content = padded()
    model = tflite.read(content)
    done = exact_rewrites.apply(model, {"slightly wrong": slightly_wrong, **REWRITES})
    assert "slightly wrong" not in done.counts
    assert len(done.counts) == 2
    [note] = done.notes
    assert note.startswith("slightly wrong was left out (1): output y would differ (")
    assert tflite.to_bytes(model) == exact_rewrites.rewritten(content)[0]


def without_operators(model: tflite.Model) -> int:
    model.subgraphs[0].operators = model.subgraphs[0].operators[1:]
    return 1


def test_a_rewrite_after_which_nothing_runs_is_left_out() -> None:
    content = padded()
    model = tflite.read(content)
    done = exact_rewrites.apply(model, {"wrecked": without_operators})
    assert done.counts == {}
    assert "wrecked was left out" in done.notes[0]
    assert tflite.to_bytes(model) == content


def test_outputs_that_are_always_zero_prove_nothing() -> None:
    net = Network()
    zero = net.op("MUL", [net.x, net.constant(np.float32(0))], (1, 6, 6, 4), schema.MulOptionsT())
    model = tflite.read(net.finish(y=zero))
    assert "proves nothing" in Proof(model).says(model)


@pytest.mark.parametrize("dtype", [schema.TensorType.INT32, schema.TensorType.BOOL])
def test_inputs_of_other_types_are_made_up_too(dtype: int) -> None:
    net = Network()
    ids = net.input("ids", (5,))
    net._graph.tensors[ids].type = dtype
    y = net.op("CAST", [ids], (1, 5), schema.CastOptionsT())
    model = tflite.read(net.finish(y=y, z=net.unary("TANH", net.x)))
    assert Proof(model).says(model) == ""


def test_what_takes_text_proves_nothing() -> None:
    net = Network()
    net._graph.tensors[net.input("text", (1,))].type = schema.TensorType.STRING
    model = tflite.read(net.finish(y=net.unary("TANH", net.x)))
    assert "does not run on made-up samples" in Proof(model).says(model)
