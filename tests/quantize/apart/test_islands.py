"""Neighbours without weights are one island, ranked by the harm they do."""

from __future__ import annotations

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import LayerError
from edgekit.quantize.apart.islands import has_weights, islands
from tests.quantize.tiny_models import Network, random

HOW = recipes.get("static_wi8_ai8").quantize


def network() -> bytes:
    """TANH, dense, TANH and ADD, dense: an island before, one between."""
    net = Network(shape=(6,))
    first = net.dense(net.unary("TANH", net.x), random(6, 6))
    joined = net.add(net.unary("TANH", first), first)
    return net.finish(y=net.dense(joined, random(2, 6)))


def errors(*noise: float) -> list[LayerError]:
    model = tflite.read(network())
    return [
        LayerError(
            layer=op.layer,
            operator=op.name,
            tensor=op.outputs[0].name,
            scheme="int8",
            output_sqnr_db=sqnr,
        )
        for op, sqnr in zip(tflite.main_operators(model), noise, strict=True)
    ]


def test_the_worst_comes_first_and_weights_stand_alone() -> None:
    assert HOW is not None
    found = islands(tflite.read(network()), HOW, errors(20.0, 40.0, 10.0, 50.0, 30.0), {})
    assert [one.operators for one in found] == [(2, 3), (0,), (4,), (1,)]
    assert [one.weighted for one in found] == [False, False, True, True]
    assert found[0].harmful == (2,)


def test_what_was_asked_for_by_hand_is_left_alone() -> None:
    assert HOW is not None
    found = islands(tflite.read(network()), HOW, errors(20.0, 40.0, 10.0, 50.0, 30.0), {3: None})
    assert [one.operators for one in found] == [(0,), (4,), (1,)]


def test_an_operator_with_a_bias_alone_has_no_weights() -> None:
    operators = tflite.main_operators(tflite.read(network()))
    assert [has_weights(op) for op in operators] == [False, True, False, False, True]
