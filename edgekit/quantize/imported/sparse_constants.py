"""Constants that are stored without their zeros.

The format is that of TFLite's schema (`SparsityParameters`), after TACO (Kjolstad et al., 2017):
axes are walked in `traversal_order`, each of which either has all indices (DENSE) or lists for each
place of the axis before it which ones it has (SPARSE_CSR). Axes behind the tensor's own are within
blocks of those that `block_map` names.
"""

from __future__ import annotations

import math

import numpy as np

from edgekit.compat import litert
from edgekit.core.errors import ModelError
from edgekit.tflite import enums
from edgekit.tflite.schema_objects import RawTensor, SparseAxis

# Of one tensor; a few bytes may state any size.
_MOST_VALUES = 2**29


def with_zeros(tensor: RawTensor, stored: np.ndarray) -> np.ndarray:
    """All values of a sparse tensor.

    Args:
        tensor: With `sparsity`.
        stored: Those that are not zero, in the order in which axes are walked.

    Returns:
        An array of the tensor's shape.

    Raises:
        ModelError: What it says of its places contradicts itself.
    """
    shape = tuple(tensor.shape)
    sparsity = tensor.sparsity
    assert sparsity is not None
    order = _numbers(sparsity.traversalOrder)
    blocks = _numbers(sparsity.blockMap)
    axes = list(sparsity.dimMetadata or [])
    if (
        math.prod(shape) > _MOST_VALUES
        or sorted(order.tolist()) != list(range(len(shape) + len(blocks)))
        or len(axes) != len(order)
        or not all(0 <= axis < len(shape) for axis in blocks)
    ):
        raise _damaged(tensor, f"axes {order.tolist()} with blocks {blocks.tolist()}")
    # By axis: the index of each stored value along it; `places` counts places of the axis before.
    found = np.zeros((len(order), 1), np.int64)
    places = np.zeros(1, np.int64)
    for axis, stated in zip(order.tolist(), axes, strict=True):
        parents, indices, places = _walk(tensor, stated, places, stored.size)
        found = found[:, parents]
        found[axis] = indices
    own = found[: len(shape)]
    for number, axis in enumerate(blocks.tolist()):
        block = len(shape) + number
        own[axis] = own[axis] * int(axes[order.tolist().index(block)].denseSize) + found[block]
    limits = np.array(shape, np.int64)[:, None]
    if places.size != stored.size or (own < 0).any() or (own >= limits).any():
        raise _damaged(tensor, f"{places.size} places for {stored.size} values")
    values = np.zeros(shape, stored.dtype)
    values[tuple(own)] = stored
    return values


def _walk(
    tensor: RawTensor, stated: SparseAxis, places: np.ndarray, most: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One axis: for each new place the old one it belongs to, its index, and its number."""
    kinds = litert.schema().DimensionType
    if stated.format == kinds.DENSE:
        size = int(stated.denseSize)
        if not 0 < size * places.size <= most:
            raise _damaged(tensor, f"an axis of size {size}")
        parents = np.repeat(np.arange(places.size), size)
        indices = np.tile(np.arange(size), places.size)
        return parents, indices, places[parents] * size + indices
    segments = _numbers(getattr(stated.arraySegments, "values", None))
    listed = _numbers(getattr(stated.arrayIndices, "values", None))
    if places.size and (places.max() + 1 >= segments.size or listed.size > most):
        raise _damaged(tensor, f"{segments.size} segments for {places.size} places")
    begins, ends = segments[places], segments[places + 1]
    counts = ends - begins
    if (
        (counts < 0).any()
        or (begins < 0).any()
        or (ends > listed.size).any()
        or counts.sum() > most
    ):
        raise _damaged(tensor, "segments that are none")
    parents = np.repeat(np.arange(places.size), counts)
    offsets = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    numbers = begins[parents] + offsets
    return parents, listed[numbers], numbers


def _numbers(values: object) -> np.ndarray:
    return np.asarray([] if values is None else values, np.int64).reshape(-1)


def _damaged(tensor: RawTensor, received: str) -> ModelError:
    return ModelError(
        "A sparse constant must say where each of its values belongs.",
        received=f"{enums.text(tensor.name)!r}: {received}",
        hint="export, copy or download the file again.",
    )
