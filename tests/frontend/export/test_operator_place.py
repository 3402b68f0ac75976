"""Preprocessing, postprocessing, or in the middle: seen from where weights are read."""

from __future__ import annotations

from typing import Any

import pytest

from edgekit.frontend.export import operator_place
from tests.frontend.export.fake_graphs import FakeNode, chain, graph, read


def dense(name: str) -> tuple[FakeNode, FakeNode, FakeNode]:
    """A matrix product with its weight."""
    handle = FakeNode("Placeholder", f"{name}/handle", dtype="resource")
    weight = read(FakeNode("ReadVariableOp", f"{name}/read"), handle)
    return read(FakeNode("MatMul", name), weight), weight, handle


def model(*places: str) -> Any:
    """An input, and one after another dense layers and operators that TFLite lacks."""
    nodes, path = [], [FakeNode("Placeholder", "x")]
    for number, place in enumerate(places):
        if place == "dense":
            product, *rest = dense(f"dense_{number}")
            nodes += rest
            path.append(product)
        else:
            path.append(FakeNode(place, f"{place}_{number}"))
    return graph(*chain(*path, FakeNode("Identity", "output")), *nodes)


@pytest.mark.parametrize(
    ("places", "place"),
    [
        (("Svd", "dense"), "start"),
        (("dense", "Svd", "dense"), "middle"),
        (("dense", "Svd"), "end"),
        (("dense", "Svd", "Relu"), "end"),
        (("Svd", "dense", "Svd", "dense"), "middle"),
        (("dense", "Svd", "Svd"), "end"),
        (("Svd",), "start"),
        (("dense",), None),
    ],
)
def test_weights_before_and_behind_tell_the_place(
    places: tuple[str, ...], place: str | None
) -> None:
    assert operator_place.place(model(*places), {"Svd"}) == place


def test_a_saved_model_is_looked_into() -> None:
    inner = model("dense", "Svd", "dense")
    call = FakeNode("StatefulPartitionedCall", "call", calls=("serve",))
    outer = graph(*chain(FakeNode("Placeholder", "x"), call), serve=inner)
    assert operator_place.place(outer, {"Svd"}) == "middle"


def test_an_operator_within_a_loop_stands_where_the_loop_does() -> None:
    body = graph(*chain(FakeNode("Placeholder", "x"), FakeNode("Svd", "svd")))
    loop = FakeNode("While", "loop", calls=("body",))
    product, *rest = dense("dense")
    outer = graph(*chain(FakeNode("Placeholder", "x"), product, loop), *rest, body=body)
    assert operator_place.place(outer, {"Svd"}) == "end"
