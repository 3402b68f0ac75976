"""A batch of 1, and the sizes that the user fixed."""

from __future__ import annotations

import pytest

from edgekit.core.errors import ModelError, UsageError
from edgekit.core.records import TensorSpec
from edgekit.frontend.export.fixed_shapes import fix_shapes, open_sizes
from edgekit.frontend.load.loaded import LoadedModel


def model(name: str, *shape: int) -> LoadedModel:
    """One of an input `x`."""
    return LoadedModel(
        kind="saved_model",
        name=name,
        inputs=(TensorSpec(name="x", shape=shape, dtype="float32"),),
        outputs=(TensorSpec(name="y", shape=(1,), dtype="float32"),),
        trackable=None,
        call=lambda values: values,
        id_limits={},
    )


def test_the_batch_becomes_one_and_open_sizes_are_fixed_or_told():
    image = model("image", -1, -1, -1, 3)
    open_, fixed = fix_shapes(image, {}), fix_shapes(image, {"x": (1, 8, 9, 3)})
    assert open_.inputs[0].shape == (1, -1, -1, 3) and fixed.inputs[0].shape == (1, 8, 9, 3)
    [note] = open_sizes(open_)
    assert "--input-shape x=1,N,N,3" in note and open_sizes(fixed) == []


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"y": (1, 8, 8, 3)}, "must name an input of the model: x"),
        ({"x": (1, 8, 8)}, r"must fit the model's shape \[1, -1, -1, 3\]"),
        ({"x": (1, 8, 8, 4)}, "must fit the model's shape"),
        ({"x": (2, 8, 8, 3)}, "the batch is 1"),
        ({"x": (1, 0, 8, 3)}, "must fit the model's shape"),
        ({"x": (1, -1, 8, 3)}, "must fit the model's shape"),
    ],
)
def test_a_wrong_input_shape_is_refused(shapes: dict[str, tuple[int, ...]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        fix_shapes(model("image", -1, -1, -1, 3), shapes)


@pytest.mark.parametrize("shape", [(1, 2**40), (-1, 2**20, -(2**20)), (2**62,) * 6])
def test_an_input_that_no_memory_holds_is_refused_before_samples_are_made(shape: tuple[int, ...]):
    with pytest.raises(ModelError, match="huge: x of shape"):
        fix_shapes(model("huge", *shape), {})
