"""Operators and tensors that are added to a graph, or changed, are written and run."""

from __future__ import annotations

import numpy as np

from edgekit import tflite
from edgekit.tflite import enums, graph_edits, interpreter
from tests.quantize.tiny_models import Network, random

SAMPLES = {"x": random(3, 6, 6, 4)}


def model() -> tflite.Model:
    net = Network()
    return tflite.read(net.finish(y=net.unary("RELU", net.x)))


def test_an_operator_becomes_another_with_its_options():
    edited = model()
    graph = edited.subgraphs[0]
    graph_edits.become(edited, graph.operators[0], "SPACE_TO_DEPTH", blockSize=2)
    graph.tensors[graph.outputs[0]].shape = [1, 3, 3, 16]
    [op] = tflite.operators(tflite.read(tflite.to_bytes(edited)))
    assert (op.name, op.options.blockSize) == ("SPACE_TO_DEPTH", 2)
    assert interpreter.run(edited, SAMPLES)["y"].shape == (3, 1, 3, 3, 16)


def test_new_tensors_and_operators_compute():
    edited = model()
    graph = edited.subgraphs[0]
    relu, result = graph.operators[0], graph.outputs[0]
    middle = graph_edits.add_tensor(graph, like=result, name="middle")
    two = graph_edits.add_constant(edited, graph, "two", np.full((1, 4), 2, np.float32))
    relu.outputs = [middle]
    graph.operators.append(graph_edits.operator(edited, "MUL", [middle, two], [result]))
    again = tflite.read(tflite.to_bytes(edited))
    assert [op.name for op in tflite.operators(again)] == ["RELU", "MUL"]
    given = interpreter.run(again, SAMPLES)["y"]
    np.testing.assert_array_equal(given[:, 0], 2 * np.maximum(SAMPLES["x"], 0))


def test_a_code_is_added_once():
    edited = model()
    count = len(edited.operatorCodes)
    numbers = {graph_edits.operator_code(edited, "BROADCAST_TO") for _ in range(2)}
    assert numbers == {count}
    code = edited.operatorCodes[count]
    assert code.builtinCode == enums.operator_numbers()["BROADCAST_TO"]
    assert code.deprecatedBuiltinCode == 127  # of numbers above 127 the old field says so
    assert graph_edits.operator_code(edited, "RELU") < count
