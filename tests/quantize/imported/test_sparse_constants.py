"""Sparse constants by rows, by columns and in blocks; what contradicts itself is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from ai_edge_litert import schema_py_generated as schema

from edgekit.core.errors import ModelError
from edgekit.quantize.imported.sparse_constants import with_zeros
from tests.quantize.imported.drawn_files import DENSE, STORED, axis, sparsity


def tensor(shape: tuple[int, ...], how: Any) -> Any:
    return schema.TensorT(name=b"w", shape=list(shape), sparsity=how)


def test_rows():
    np.testing.assert_array_equal(with_zeros(tensor((3, 3), sparsity()), STORED), DENSE)


def test_columns():
    how = schema.SparsityParametersT(
        traversalOrder=[1, 0], dimMetadata=[axis(3), axis(0, [0, 1, 2, 4], [2, 0, 1, 2])]
    )
    got = with_zeros(tensor((3, 3), how), np.float32([5, 2, 3, 7]))
    np.testing.assert_array_equal(got, DENSE)


def test_blocks_of_two_by_two():
    """As TFLite's own example: the blocks at (0, 1) and (1, 0) of four."""
    how = schema.SparsityParametersT(
        traversalOrder=[0, 1, 2, 3],
        blockMap=[0, 1],
        dimMetadata=[axis(2), axis(0, [0, 1, 2], [1, 0]), axis(2), axis(2)],
    )
    got = with_zeros(tensor((4, 4), how), np.arange(1, 9, dtype=np.float32))
    wanted = np.zeros((4, 4), np.float32)
    wanted[:2, 2:], wanted[2:, :2] = [[1, 2], [3, 4]], [[5, 6], [7, 8]]
    np.testing.assert_array_equal(got, wanted)


def test_a_block_along_one_axis_as_mediapipe_stores_convolutions():
    how = schema.SparsityParametersT(
        traversalOrder=[0, 1, 2, 3, 4],
        blockMap=[0],
        dimMetadata=[axis(1), axis(1), axis(1), axis(0, [0, 1], [2]), axis(2)],
    )
    got = with_zeros(tensor((2, 1, 1, 3), how), np.float32([4, 6]))
    np.testing.assert_array_equal(got[:, 0, 0], [[0, 0, 4], [0, 0, 6]])


def test_nothing_but_zeros():
    how = schema.SparsityParametersT(
        traversalOrder=[0, 1], dimMetadata=[axis(0, [0, 0], []), axis(0, [0], [])]
    )
    got = with_zeros(tensor((2, 2), how), np.zeros(0, np.float32))
    np.testing.assert_array_equal(got, np.zeros((2, 2)))


def test_nonsense_is_the_files_fault():
    """Whatever numbers are changed: an array of the tensor's shape, or one error."""
    honest = {"order": [0, 1], "blocks": [], "size": 3, "begin": [0, 1, 2, 4], "at": [1, 2, 0, 2]}
    refused = 0
    for seed in range(1500):
        rng = np.random.default_rng(seed)
        stated = {k: list(v) if isinstance(v, list) else v for k, v in honest.items()}
        for _ in range(rng.integers(1, 3)):
            key = rng.choice(["order", "begin", "at", "size", "blocks"])
            number = int(rng.choice([-(2**31), -1, 0, 1, 3, 7, 2**31 - 1]))
            values = stated[key]
            if key == "size":
                stated[key] = number
            elif values and rng.random() < 0.7:
                values[rng.integers(len(values))] = number
            elif values and rng.random() < 0.5:
                values.pop()
            else:
                values.append(number)
        how = schema.SparsityParametersT(
            traversalOrder=stated["order"],
            blockMap=stated["blocks"],
            dimMetadata=[axis(stated["size"]), axis(0, stated["begin"], stated["at"])],
        )
        try:
            assert with_zeros(tensor((3, 3), how), STORED).shape == (3, 3)
        except ModelError:
            refused += 1
    assert refused > 800


def test_a_size_that_no_bytes_bear_out_is_refused():
    with pytest.raises(ModelError):
        with_zeros(tensor((2**20, 2**20), sparsity()), STORED)
