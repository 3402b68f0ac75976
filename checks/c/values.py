"""Compares how C stores, reads and ranks values with the Python bundle: `values.py LIBRARY`.

The library is `edgekit/codegen/sources/c`. Every type, with and without a scale, on halves, bounds,
numbers beyond them and random ones. It prints how many values were compared.
"""

from __future__ import annotations

import ctypes
import sys
from pathlib import Path

import numpy as np

from edgekit.codegen.sources.python._tensors import Tensor, top_k

sys.path.insert(0, str(Path(__file__).parent))
from structures import Tensor as CTensor

# In the order of `edgekit_dtype`.
DTYPES = (
    "float32", "float64", "float16", "int8", "uint8", "int16", "uint16", "int32", "uint32",
    "int64", "uint64", "bool",
)  # fmt: skip
OK, NOT_FINITE, NOT_WHOLE = 0, 3, 4


def c_tensor(dtype: str, count: int, scale: float | None, zero_point: int) -> CTensor:
    """`edgekit_tensor` of one dimension."""
    return CTensor(
        name=b"x", index=0, dtype=DTYPES.index(dtype), rank=1,
        shape=(ctypes.c_int32 * 1)(count), count=count,
        num_bytes=count * np.dtype(dtype).itemsize, quantized=int(scale is not None),
        scale=scale or 1.0, zero_point=zero_point, golden_offset=0, tolerance=0.0,
    )  # fmt: skip


def values(dtype: str, scale: float | None) -> np.ndarray:
    """Real values, float32, that the type can hold where it has no scale."""
    random = np.random.default_rng(0)
    if scale is not None:
        halves = (np.arange(-300, 300) + 0.5) * scale
        wide = random.normal(0, 1e4 * scale, 2000)
        return np.concatenate([halves, wide, [1e9, -1e9, 0.0, -0.0]]).astype(np.float32)
    if dtype.startswith("float"):
        tiny = random.normal(0, 1, 3000) * 10.0 ** random.integers(-9, 5, 3000)
        edges = [0.0, -0.0, 65504.0, 65519.0, 65520.0, 6e-8, 2.9e-8, 6.1e-5, np.inf, -np.inf]
        return np.concatenate([tiny, edges, np.arange(2048) + 0.5]).astype(np.float32)
    if dtype == "bool":
        return np.array([0, 1, 1, 0], np.float32)
    bounds = np.iinfo(dtype)
    low, high = max(bounds.min, -(2**24)), min(bounds.max, 2**24)
    return random.integers(low, high, 500, endpoint=True).astype(np.float32)


def pointer(array: np.ndarray) -> ctypes.c_void_p:
    """Where an array's values lie."""
    return ctypes.c_void_p(array.ctypes.data)


def compare(library: ctypes.CDLL, dtype: str, scale: float | None, zero_point: int) -> int:
    """Store values and read them back, in both; how many there were."""
    real = values(dtype, scale)
    mine = c_tensor(dtype, len(real), scale, zero_point)
    theirs = Tensor("x", (len(real),), np.dtype(dtype), scale, zero_point, {})
    stored = np.zeros(len(real), dtype)
    assert library.edgekit_store_all(ctypes.byref(mine), pointer(stored), pointer(real)) == OK
    with np.errstate(over="ignore"):
        wanted = theirs.store(real)
    assert stored.tobytes() == wanted.tobytes(), f"{dtype} {scale}: stored otherwise"
    back = np.zeros(len(real), np.float32)
    library.edgekit_real_all(ctypes.byref(mine), pointer(stored), pointer(back))
    with np.errstate(over="ignore"):
        read = theirs.real(wanted).astype(np.float32)
    assert back.tobytes() == read.tobytes(), f"{dtype} {scale}: read otherwise"
    return len(real)


def refusals(library: ctypes.CDLL) -> None:
    """What cannot be stored is refused, as in Python."""
    for dtype, scale, value, status in (
        ("int8", 0.5, np.nan, NOT_FINITE),
        ("int32", 0.5, np.inf, NOT_FINITE),
        ("int32", None, 1.5, NOT_WHOLE),
        ("uint8", None, 256.0, NOT_WHOLE),
        ("uint8", None, -1.0, NOT_WHOLE),
        ("int64", None, np.nan, NOT_WHOLE),
    ):
        real, stored = np.array([value], np.float32), np.zeros(1, dtype)
        tensor = c_tensor(dtype, 1, scale, 0)
        found = library.edgekit_store_all(ctypes.byref(tensor), pointer(stored), pointer(real))
        assert found == status, f"{dtype}: {value} gives {found}"


def ranks(library: ctypes.CDLL) -> None:
    """The largest values in the same order: equal ones, NaN, any count."""
    random = np.random.default_rng(1)
    for count in (1, 2, 7, 40):
        for k in (1, 3, count, count + 5):
            array = random.integers(0, 6, count).astype(np.float32)
            array[random.random(count) < 0.2] = np.nan
            indices = (ctypes.c_int * (count + 5))()
            found = library.edgekit_top_k(pointer(array), count, k, indices)
            wanted = [score.index for score in top_k(array, (), k)]
            assert list(indices)[:found] == wanted, f"{array}: {list(indices)[:found]}, {wanted}"


def main(path: str) -> None:
    """Compare all."""
    library = ctypes.CDLL(path)
    scales = [float(np.float32(scale)) for scale in (0.0123, 1 / 255, 0.5)]
    total = sum(compare(library, dtype, None, 0) for dtype in DTYPES)
    for dtype, zero_point in (("int8", -128), ("uint8", 3), ("int16", 0), ("int32", 7)):
        total += sum(compare(library, dtype, scale, zero_point) for scale in scales)
    refusals(library)
    ranks(library)
    print(total)


if __name__ == "__main__":
    main(sys.argv[1])
