"""Of several signatures one is taken, with its graph and what that calls, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core.errors import ModelError, UsageError
from edgekit.quantize.imported import choose_signature
from tests.quantize.imported.drawn_files import File, random, run


def two(keys: tuple[str, str] = ("sum", "product")) -> File:
    """Two graphs, each with a constant of its own; a third that nobody calls."""
    file = File()
    for key, kind in zip(keys, ("ADD", "MUL"), strict=True):
        graph = file.graph()
        x = file.input("x", (1, 3))
        c = file.constant("c", random(1, 3, seed=graph))
        y = file.binary(kind, x, c, "y", (1, 3))
        file.output(y)
        file.sign(key, graph, {"x": x}, {key: y})
    file.graph()
    return file


def test_the_one_that_is_asked_for_becomes_the_only_one():
    model = two().model()
    choose_signature.choose(model, "product")
    assert len(model.subgraphs) == 1
    names = tflite.binding(model)
    assert (names.key, names.subgraph, list(names.outputs)) == ("product", 0, ["product"])
    x = random(1, 3, seed=9)
    np.testing.assert_array_equal(run(model, x)[0], x * random(1, 3, seed=1))
    # What the other graph held is gone.
    stored = [b.data for b in model.buffers if b.data is not None and b.data.size]
    assert len(stored) == 1


def test_without_a_choice_all_are_listed():
    with pytest.raises(ModelError, match="sum, product") as caught:
        choose_signature.choose(two().model(), None)
    assert caught.value.hint == "edgekit convert --signature sum makes files of that one alone."


def test_serving_default_is_the_choice_where_nobody_makes_one():
    model = two(("other", "serving_default")).model()
    choose_signature.choose(model, None)
    assert tflite.binding(model).key == "serving_default"


def test_an_unknown_one_is_refused_with_what_there_is():
    with pytest.raises(UsageError, match=r"summ; the model has sum, product") as caught:
        choose_signature.choose(two().model(), "summ")
    assert caught.value.hint == "did you mean 'sum'?"
    bare = File()
    bare.graph()
    bare.output(bare.binary("ADD", bare.input("a", (1,)), bare.input("b", (1,)), "y", (1,)))
    with pytest.raises(UsageError, match="the model has none"):
        choose_signature.choose(bare.model(), "sum")


def test_graphs_that_are_called_come_along_under_their_new_numbers():
    file = File()
    for number, kind in enumerate(("ADD", "MUL")):  # 0 and 1: the branches
        file.graph()
        x = file.input("x", (1, 2))
        file.output(file.binary(kind, x, x, f"y{number}", (1, 2)))
    file.graph()  # 2: called by nobody
    file.output(file.input("x", (1, 2)))
    main = file.graph()
    pick, x = file.input("pick", (1,), "bool"), file.input("x", (1, 2))
    options = schema.IfOptionsT(thenSubgraphIndex=1, elseSubgraphIndex=0)
    y = file.op("IF", [pick, x], [file.tensor("y", (1, 2))], options)
    file.output(y)
    file.sign("main", main, {"pick": pick, "x": x}, {"y": y})
    model = file.model()
    choose_signature.choose(model, None)
    assert len(model.subgraphs) == 3
    x_ = random(1, 2)
    np.testing.assert_array_equal(run(model, np.array([True]), x_)[0], x_ * x_)
    np.testing.assert_array_equal(run(model, np.array([False]), x_)[0], x_ + x_)


def test_a_call_of_no_graph_is_damage():
    file = two()
    options = schema.IfOptionsT(thenSubgraphIndex=7, elseSubgraphIndex=0)
    graph = file.graph()
    pick = file.input("pick", (1,), "bool")
    y = file.op("IF", [pick], [file.tensor("y", (1,))], options)
    file.output(y)
    file.sign("if", graph, {"pick": pick}, {"y": y})
    with pytest.raises(ModelError, match="damaged"):
        choose_signature.choose(file.model(), "if")


def test_a_signature_leaves_out_no_input_but_may_leave_out_an_output():
    file = File()
    graph = file.graph()
    a, b = file.input("a", (1, 2)), file.input("b", (1, 2))
    y, z = file.binary("ADD", a, b, "y", (1, 2)), file.binary("MUL", a, b, "z", (1, 2))
    file.output(y, z)
    file.sign("lacks", graph, {"a": a}, {"y": y})
    file.sign("one", graph, {"a": a, "b": b}, {"z": z})
    with pytest.raises(ModelError, match="lacks leaves out b"):
        choose_signature.choose(file.model(), "lacks")
    model = file.model()
    choose_signature.choose(model, "one")
    assert model.subgraphs[0].outputs == [z]


def test_a_signature_that_names_nothing_is_none():
    file = File()
    graph = file.graph()
    x = file.input("x", (1, 2))
    file.output(file.binary("ADD", x, x, "y", (1, 2)))
    file.sign("empty", graph, {"x": x}, {})
    model = file.model()
    choose_signature.choose(model, None)
    assert list(tflite.binding(model).outputs) == ["y"]
