"""Open sizes are fixed as asked, and every tensor gets the shape that follows."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from edgekit import tflite
from edgekit.core.errors import ModelError, UsageError
from edgekit.quantize.imported import fix_sizes
from tests.quantize.imported.drawn_files import File, random, run

Fixture = Callable[[str], Path]


@pytest.fixture
def image(fixture_model: Fixture) -> tflite.Model:
    """A convolution whose batch, height and width are open."""
    model = tflite.read(fixture_model("conv_2d.float32"))
    graph = model.subgraphs[0]
    for index in (*graph.inputs, *graph.outputs):
        tensor = graph.tensors[index]
        tensor.shape, tensor.shapeSignature = (
            [1, 1, 1, tensor.shape[3]],
            [-1, -1, -1, tensor.shape[3]],
        )
    tflite.ensure_signature(model)
    return model


def test_an_open_batch_is_one_and_other_sizes_stay(image: tflite.Model):
    fix_sizes.fix(image, {})
    [x], [y] = tflite.contract(image).inputs, tflite.contract(image).outputs
    assert (x.shape, y.shape) == ((1, -1, -1, 4), (1, -1, -1, 8))


def test_fixed_sizes_reach_the_outputs(image: tflite.Model):
    before = tflite.to_bytes(image)
    [spec] = tflite.contract(image).inputs
    fix_sizes.fix(image, {spec.name: (1, 5, 7, 4)})
    [x], [y] = tflite.contract(image).inputs, tflite.contract(image).outputs
    assert (x.shape, y.shape) == ((1, 5, 7, 4), (1, 5, 7, 8))
    values = random(1, 5, 7, 4)
    np.testing.assert_array_equal(run(image, values)[0], run(before, values)[0])


@pytest.mark.parametrize("shape", [(1, 5, 7), (1, 5, 7, 3), (1, 0, 7, 4)])
def test_a_shape_that_does_not_fit_is_refused(image: tflite.Model, shape: tuple[int, ...]):
    [spec] = tflite.contract(image).inputs
    with pytest.raises(UsageError, match=r"must fit the model's shape \[-1, -1, -1, 4\]"):
        fix_sizes.fix(image, {spec.name: shape})


def test_an_unknown_input_is_refused(image: tflite.Model):
    with pytest.raises(UsageError, match="must name an input"):
        fix_sizes.fix(image, {"nothing": (1, 5, 7, 4)})


def test_sizes_that_contradict_each_other_are_refused():
    file = File()
    file.graph()
    a = file.input("a", (1, 1), open_=(1, -1))
    b = file.input("b", (1, 1), open_=(1, -1))
    file.output(file.binary("ADD", a, b, "y", (1, 1)))
    model = file.model()
    tflite.ensure_signature(model)
    with pytest.raises(ModelError, match="in these sizes"):
        fix_sizes.fix(model, {"a": (1, 3), "b": (1, 4)})
    assert tflite.contract(model).inputs[0].shape == (1, -1)
