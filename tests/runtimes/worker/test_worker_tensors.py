"""How tensors store real values, and how outputs are written."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edgekit.runtimes.worker.worker_tensors import Failure, Tensor, Writer


def tensor(
    dtype: str, shape: tuple[int, ...] = (1, 3), *, scale: float = 0, zero: int = 0
) -> Tensor:
    return Tensor("x", _detail(dtype, shape, scale=scale, zero=zero))


def _detail(dtype: str, shape: tuple[int, ...], *, scale: float = 0, zero: int = 0) -> Any:
    quantized = [scale] if scale else []
    return {
        "name": "x",
        "index": 4,
        "shape": np.array([max(1, size) for size in shape]),
        "shape_signature": np.array(shape),
        "dtype": np.dtype(dtype),
        "quantization_parameters": {
            "scales": np.array(quantized, np.float32),
            "zero_points": np.array([zero] if scale else [], np.int32),
            "quantized_dimension": 0,
        },
    }


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "int32"])
def test_halves_round_to_even_and_values_stay_in_range(dtype: str) -> None:
    x = tensor(dtype, scale=0.5, zero=1)
    bounds = np.iinfo(dtype)
    real = np.array([0.25, 0.75, 1.25, -1e30, 1e30])
    assert x.store(real).tolist() == [1, 3, 3, bounds.min, bounds.max]
    assert x.real(np.array([1, 3], dtype)).tolist() == [0.0, 1.0]
    assert x.real(np.array([1, 3], dtype)).dtype == np.float32


@pytest.mark.parametrize("real", ["uint8", "int8"])
@pytest.mark.parametrize("stored", ["uint8", "int8"])
def test_many_bytes_are_looked_up_to_the_same_values(real: str, stored: str) -> None:
    x = tensor(stored, scale=0.7, zero=-3)
    values = np.random.default_rng(0).integers(0, 256, 1000).astype(real)
    np.testing.assert_array_equal(x.store(values), x.store(values.astype(np.float32)))


def test_plain_integers_keep_their_values_or_are_refused() -> None:
    x = tensor("int8")
    assert x.store(np.array([-128, 127], np.int64)).tolist() == [-128, 127]
    for wrong in (np.array([128]), np.array([0.0]), np.array([-129], np.int16)):
        with pytest.raises(Failure):
            x.store(wrong)
    with pytest.raises(Failure, match="must be bool"):
        tensor("bool").store(np.array([1.0]))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_quantized_input_takes_finite_values_only(value: float) -> None:
    with pytest.raises(Failure, match="must be finite") as caught:
        tensor("uint8", scale=1.0).store(np.array([value]))
    assert caught.value.payload["type"] == "DataError"


def test_open_sizes_follow_the_sample_and_known_ones_do_not() -> None:
    x = tensor("float32", (-1, -1, 3))
    assert x.fitted((7, 3)) == (1, 7, 3)
    assert x.grown(64) == (1, 64, 3)
    for wrong in ((7, 2), (3,), (1, 7, 3)):
        with pytest.raises(Failure, match=r"must have shape \(any, 3\)"):
            x.fitted(wrong)
    assert tensor("float32", (4, 3)).fitted((4, 3)) == (4, 3)  # no batch: a whole tensor


def test_a_tensor_says_what_it_is() -> None:
    fields = tensor("int8", (1, -1), scale=0.5, zero=9).fields()
    assert vars(fields) == {
        "name": "x",
        "shape": (1, -1),
        "dtype": "int8",
        "scale": (0.5,),
        "zero_point": (9,),
        "quantized_dimension": 0,
    }


def test_tensors_of_no_numbers_or_of_many_scales_are_refused() -> None:
    with pytest.raises(Failure, match="numbers"):
        Tensor("x", _detail("complex64", (1,)))
    with pytest.raises(Failure, match="must hold numbers"):
        Tensor("y", _detail("S1", (1,))).require_numbers()
    detail = _detail("int8", (1, 2), scale=0.5)
    detail["quantization_parameters"]["scales"] = np.ones(2)
    with pytest.raises(Failure, match="one scale"):
        Tensor("x", detail)


@pytest.mark.parametrize("dtype", ["float32", "int64", "bool"])
def test_values_to_time_with_are_fit_to_run(dtype: str) -> None:
    values = tensor(dtype, (1, 50)).random(np.random.default_rng(0))
    assert values.dtype == dtype
    assert values.shape == (1, 50)
    assert (values != 0).any() == (dtype == "float32")  # an integer could be an index


def test_outputs_are_read_back_as_real_values_without_the_batch(tmp_path: Path) -> None:
    path = tmp_path / "y.npy"
    writer = Writer(tensor("int8", (1, 2), scale=0.5), str(path), 3)
    for number in range(3):
        writer.add(np.array([[number, -number]], np.int8))
        if number == 1:
            writer.flush()
    writer.flush()
    writer.close()
    assert np.load(path).tolist() == [[0, 0], [0.5, -0.5], [1, -1]]


def test_outputs_of_changing_shapes_are_refused(tmp_path: Path) -> None:
    writer = Writer(tensor("float32", (1, -1)), str(tmp_path / "y.npy"), 2)
    writer.add(np.zeros((1, 2), np.float32))
    with pytest.raises(Failure, match="same shape") as caught:
        writer.add(np.zeros((1, 3), np.float32))
    writer.close()
    assert caught.value.payload["received"] == "(1, 2), then (1, 3)"
