"""Every first size becomes 1, and what is computed stays what it was."""

from __future__ import annotations

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit import tflite
from edgekit.core.errors import ModelError
from edgekit.quantize.imported import batch_of_one
from tests.quantize.imported.drawn_files import File, random, run


def settled(file: File) -> tuple[tflite.Model, list[str]]:
    model = file.model()
    tflite.ensure_signature(model)
    notes = batch_of_one.settle(model)
    return model, notes


def shapes(model: tflite.Model) -> list[tuple[int, ...]]:
    contract = tflite.contract(model)
    return [spec.shape for spec in (*contract.inputs, *contract.outputs)]


def test_rows_that_do_not_depend_on_each_other_are_a_batch():
    file = File()
    file.graph()
    a, b = file.input("a", (10, 4)), file.input("b", (10, 4))
    file.output(file.binary("ADD", a, b, "y", (10, 4)))
    model, [note] = settled(file)
    assert shapes(model) == [(1, 4)] * 3
    assert note == "its batch of 10 was made 1: its rows do not depend on each other"
    x, z = random(1, 4), random(1, 4, seed=1)
    np.testing.assert_array_equal(run(model, x, z)[0], x + z)


def test_rows_that_depend_on_each_other_are_one_sample():
    """A product of matrices: LiteRT takes `[1, 4] x [1, 4]`, but it is another product."""
    file = File()
    file.graph()
    a, b = file.input("a", (4, 4)), file.input("b", (4, 4))
    options = schema.BatchMatMulOptionsT()
    file.output(file.op("BATCH_MATMUL", [a, b], [file.tensor("y", (4, 4))], options))
    model, [note] = settled(file)
    assert shapes(model) == [(1, 4, 4)] * 3
    assert note == (
        "an axis of 1, the batch, was put in front of a [4, 4], b [4, 4], y [4, 4]: each sample "
        "is a whole one"
    )
    x, z = random(4, 4), random(4, 4, seed=1)
    np.testing.assert_allclose(run(model, x[None], z[None])[0][0], x @ z, rtol=1e-5, atol=1e-6)


def test_a_sum_over_the_rows_is_no_batch():
    file = File()
    file.graph()
    x = file.input("x", (3, 2))
    axis = file.constant("axis", np.array([0], np.int32))
    options = schema.ReducerOptionsT(keepDims=True)
    total = file.op("SUM", [x, axis], [file.tensor("total", (1, 2))], options)
    file.output(file.binary("ADD", x, total, "y", (3, 2)))
    model, _ = settled(file)
    assert shapes(model) == [(1, 3, 2)] * 2
    values = random(3, 2)
    np.testing.assert_allclose(run(model, values[None])[0][0], values + values.sum(0), rtol=1e-6)


def test_a_vector_a_number_and_a_truth_value_get_an_axis():
    file = File()
    file.graph()
    wave, gain = file.input("wave", (6,)), file.input("gain", ())
    flag = file.input("flag", (2,), "bool")
    y = file.binary("MUL", wave, gain, "y", (6,))
    options = schema.LogicalNotOptionsT()
    file.output(y, file.op("LOGICAL_NOT", [flag], [file.tensor("no", (2,), "bool")], options))
    model, _ = settled(file)
    assert shapes(model) == [(1, 6), (1,), (1, 2), (1, 6), (1, 2)]
    values = random(1, 6)
    got, no = run(model, values, np.float32([3]), np.array([[True, False]]))
    np.testing.assert_array_equal(got, values * np.float32(3))
    np.testing.assert_array_equal(no, [[False, True]])


def test_only_what_lacks_a_batch_gets_one_and_shared_outputs_stay_shared():
    file = File()
    graph = file.graph()
    x = file.input("x", (1, 4))
    shape = file.constant("shape", np.array([4], np.int32))
    y = file.op("RESHAPE", [x, shape], [file.tensor("y", (4,))], schema.ReshapeOptionsT([4]))
    file.output(y)
    file.sign("s", graph, {"x": x}, {"first": y, "second": y})
    model, _ = settled(file)
    assert shapes(model) == [(1, 4), (1, 4), (1, 4)]
    names = tflite.binding(model)
    assert names.outputs["first"] == names.outputs["second"]
    values = random(1, 4)
    np.testing.assert_array_equal(run(model, values)[0], values)


def test_a_batch_of_one_stays_as_it_is():
    file = File()
    file.graph()
    x = file.input("x", (1, 4))
    file.output(file.binary("ADD", x, x, "y", (1, 4)))
    model = file.model()
    tflite.ensure_signature(model)
    before = tflite.to_bytes(model)
    assert batch_of_one.settle(model) == []
    assert tflite.to_bytes(model) == before


def test_open_sizes_cannot_wait_behind_another_first_size():
    file = File()
    file.graph()
    x = file.input("x", (3, 1), open_=(3, -1))
    file.output(file.binary("ADD", x, x, "y", (3, 1)))
    with pytest.raises(ModelError, match="first size of 1") as caught:
        settled(file)
    assert "--input-shape" in str(caught.value)
