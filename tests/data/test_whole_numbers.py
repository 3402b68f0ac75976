"""Whole numbers for a float input."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit.core.records import Contract, Preprocessing, TensorSpec
from edgekit.data import whole_numbers
from edgekit.data.export_messages import WholeNumbers
from edgekit.data.samples import Samples

IMAGE = TensorSpec(name="x", shape=(1, 8, 8, 1), dtype="float32")
ROW = TensorSpec(name="x", shape=(1, 4), dtype="float32")


def found(spec: TensorSpec, values: np.ndarray) -> WholeNumbers | None:
    outputs = (TensorSpec(name="y", shape=(1, 2), dtype="float32"),)
    samples = Samples(inputs={"x": np.broadcast_to(values, (2, *spec.shape[1:]))})
    return whole_numbers.of(samples, Contract(inputs=(spec,), outputs=outputs)).get("x")


@pytest.mark.parametrize(
    ("spec", "values", "integers"),
    [
        (IMAGE, np.array(200, np.uint8), True),
        (IMAGE, np.array(200, np.float32), False),  # pixels that were made floats
        (ROW, np.array([1, -3, 5, 9], np.int16), True),
    ],
)
def test_they_are_named_with_type_and_range(spec, values, integers):
    numbers = found(spec, values)
    assert numbers is not None and numbers.are_integers == integers
    assert (numbers.dtype, numbers.low, numbers.high) == (
        str(values.dtype),
        values.min(),
        values.max(),
    )


@pytest.mark.parametrize(
    ("spec", "values"),
    [
        (IMAGE, np.array(0.5, np.float32)),
        (ROW, np.array([3, 7, 9, 200], np.float32)),  # floats of a table are inputs
        (ROW, np.array([0, 1, 1, 0], np.uint8)),  # one-hot, a mask
        (TensorSpec(name="x", shape=(1, 4), dtype="int32"), np.array(9, np.int32)),
        (
            TensorSpec(
                name="x",
                shape=(1, 4),
                dtype="float32",
                preprocessing=Preprocessing(kind="tabular"),
            ),
            np.array(9, np.uint8),
        ),
    ],
    ids=["fractions", "table", "mask", "ids", "stated"],
)
def test_what_needs_no_scaling_is_left_alone(spec, values):
    assert found(spec, values) is None
