"""Constants are read as they were written, and one that is shared changes for one alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgekit import tflite
from edgekit.core.errors import ModelError
from edgekit.tflite import Model, Tensor, constants
from tests.house.source import ROOT


def dense() -> tuple[Model, Tensor]:
    model = tflite.read(ROOT / "tests" / "models" / "fully_connected.float32.tflite")
    [op] = tflite.operators(model)
    assert op.weight is not None
    return model, op.weight


@given(st.lists(st.integers(-8, 7), min_size=1, max_size=9))
def test_int4_is_unpacked_as_it_was_packed(values: list[int]):
    packed = constants.encode(np.array(values, np.int8), "int4")
    assert packed.dtype == np.uint8
    assert len(packed) == (len(values) + 1) // 2
    assert constants._decode(packed, "int4")[: len(values)].tolist() == values


@pytest.mark.parametrize("dtype", ["float32", "float16", "int8", "int32", "int64", "bool"])
def test_values_are_decoded_as_they_were_encoded(dtype: str):
    values = np.arange(-3, 9).reshape(3, 4).astype(dtype)
    decoded = constants._decode(constants.encode(values[:, ::2], dtype), dtype)
    np.testing.assert_array_equal(decoded.reshape(3, 2), values[:, ::2])


def test_what_is_set_is_read_also_from_the_file():
    model, weight = dense()
    wanted = np.arange(np.prod(weight.shape), dtype=np.float32).reshape(weight.shape)
    tflite.set_values(model, 0, weight, wanted)
    again = tflite.read(tflite.to_bytes(model))
    [op] = tflite.operators(again)
    assert op.weight is not None
    np.testing.assert_array_equal(tflite.constant(again, op.weight), wanted)


def test_a_shared_buffer_changes_for_one_tensor_alone():
    model, weight = dense()
    before = np.array(tflite.constant(model, weight))
    other = next(
        i for i, raw in enumerate(model.subgraphs[0].tensors) if raw.buffer != weight.buffer
    )
    model.subgraphs[0].tensors[other].buffer = weight.buffer
    tflite.set_values(model, 0, weight, before + 1)
    changed, kept = (tflite.tensor(model, 0, index).buffer for index in (weight.index, other))
    assert changed != kept
    np.testing.assert_array_equal(model.buffers[kept].data.view("<f4"), before.reshape(-1))


def test_an_activation_has_no_values():
    model, _ = dense()
    [op] = tflite.operators(model)
    assert tflite.values(model, op.inputs[0]) is None
    with pytest.raises(ModelError, match="computed when the model runs"):
        tflite.constant(model, op.inputs[0])
