"""What a graph does with an input first."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.tflite.input_use import prepared

MODELS = Path(__file__).parents[1] / "models"


@pytest.mark.parametrize(
    ("name", "prepares"),
    [
        ("add.float32", False),  # two inputs, no constant
        ("conv_2d.float32", False),
        ("fully_connected.float32", False),
    ],
)
def test_weights_and_other_inputs_are_no_scaling(name, prepares):
    model = tflite.read(MODELS / f"{name}.tflite")
    assert (prepared(model) == set(tflite.binding(model).inputs)) == prepares


def test_ids_of_a_table_are_prepared_and_the_table_is_not():
    model = tflite.read(MODELS / "gather.float32.tflite")
    (gather,) = [op for op in tflite.operators(model) if op.name == "GATHER"]
    ids = {gather.inputs[1].index}
    inputs = tflite.binding(model).inputs
    assert prepared(model) == {name for name, index in inputs.items() if index in ids}


def with_constant(shape: tuple[int, ...]) -> tflite.Model:
    """A model whose input is added to a constant of a shape, and nothing else."""
    model = tflite.read(MODELS / "add.float32.tflite")
    graph = model.subgraphs[0]
    add = next(
        raw
        for raw, op in zip(graph.operators, tflite.operators(model), strict=True)
        if op.name == "ADD"
    )
    given, constant = (int(index) for index in add.inputs)
    tensor = graph.tensors[constant]
    tensor.shape, tensor.shapeSignature = list(shape), None
    model.buffers.append(type(model.buffers[0])())
    model.buffers[-1].data = np.ones(shape, np.float32).reshape(-1).view(np.uint8)
    tensor.buffer = len(model.buffers) - 1
    graph.operators, graph.inputs, graph.outputs = [add], [given], list(add.outputs)
    model.signatureDefs = []
    return model


def test_a_constant_by_value_or_by_channel_is_a_scaling_and_a_picture_is_none():
    (add,) = tflite.operators(with_constant((1,)))
    shape = add.outputs[0].shape
    assert len(shape) > 2
    assert len(prepared(with_constant((1,)))) == 1
    assert len(prepared(with_constant((1, shape[-1])))) == 1
    assert prepared(with_constant(shape)) == set()
