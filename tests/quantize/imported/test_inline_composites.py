"""A composite becomes what it stands for; what stands for nothing is refused."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core.errors import ModelError
from edgekit.quantize.imported import inline_composites
from tests.quantize.imported.drawn_files import File, random, run


def composite(number: int) -> schema.StableHLOCompositeOptionsT:
    return schema.StableHLOCompositeOptionsT(name=b"test.scale", decompositionSubgraphIndex=number)


def nested() -> File:
    """`(x + c) * x`, of which the sum is a composite in a composite."""
    file = File()
    file.graph()  # 0: the main one
    x = file.input("x", (1, 3))
    s = file.op("STABLEHLO_COMPOSITE", [x], [file.tensor("s", (1, 3))], composite(1))
    file.output(file.binary("MUL", s, x, "y", (1, 3)))
    file.graph()  # 1
    x = file.input("x", (1, 3))
    s = file.op("STABLEHLO_COMPOSITE", [x], [file.tensor("s", (1, 3))], composite(2))
    file.output(s)
    file.graph()  # 2
    x = file.input("x", (1, 3))
    file.output(file.binary("ADD", x, file.constant("c", random(1, 3)), "sum", (1, 3)))
    return file


def test_a_composite_becomes_its_operators_and_computes_the_same():
    model = nested().model()
    assert inline_composites.inline(model) == 2
    main = [op.name for op in tflite.operators(model) if op.subgraph == 0]
    assert main == ["ADD", "MUL"]
    x = random(1, 3, seed=4)
    np.testing.assert_allclose(run(model, x)[0], (x + random(1, 3)) * x, rtol=1e-6)


def test_a_composite_of_itself_is_refused():
    file = File()
    for number in (1, 1):
        file.graph()
        x = file.input("x", (1, 3))
        y = file.op("STABLEHLO_COMPOSITE", [x], [file.tensor("y", (1, 3))], composite(number))
        file.output(y)
    with pytest.raises(ModelError, match="composites of"):
        inline_composites.inline(file.model())


def test_composites_that_double_are_refused_before_they_fill_memory():
    file = File()
    for number in range(12):
        file.graph()
        x = file.input("x", (1, 3))
        for i in range(4):
            x = file.op(
                "STABLEHLO_COMPOSITE",
                [x],
                [file.tensor(f"t{i}", (1, 3))],
                composite(min(number + 1, 11)),
            )
        file.output(x)
    with pytest.raises(ModelError, match="composites of"):
        inline_composites.inline(file.model())


@pytest.mark.parametrize("number", [-1, 5])
def test_a_composite_of_no_graph_is_damage(number: int):
    file = File()
    file.graph()
    x = file.input("x", (1, 3))
    y = file.op("STABLEHLO_COMPOSITE", [x], [file.tensor("y", (1, 3))], composite(number))
    file.output(y)
    with pytest.raises(ModelError, match="must fit"):
        inline_composites.inline(file.model())


def test_a_composite_fits_its_graph():
    file = File()
    file.graph()
    x = file.input("x", (1, 3))
    file.output(file.op("STABLEHLO_COMPOSITE", [x, x], [file.tensor("y", (1, 3))], composite(1)))
    file.graph()
    file.output(file.binary("ADD", file.input("x", (1, 3)), 0, "y", (1, 3)))
    with pytest.raises(ModelError, match="must fit the graph"):
        inline_composites.inline(file.model())
