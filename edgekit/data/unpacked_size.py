"""Do samples fit into memory? Asked before they are read, of what their headers say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from edgekit.core.errors import DataError

_COPIES = 2  # while samples are drawn and converted there are two of each
_CHARACTER_BYTES = 4  # NumPy's


def fits(size_bytes: int, memory_bytes: int, what: str) -> None:
    """Refuse samples that take more than half of the memory limit.

    Args:
        size_bytes: What they take.
        memory_bytes: The limit.
        what: What errors call them, as `data.npz unpacked`.

    Raises:
        DataError: They take more.
    """
    if size_bytes * _COPIES > memory_bytes:
        raise DataError(
            "The samples do not fit into half of the memory limit.",
            received=f"{what}: {size_bytes / 2**20:,.0f} MiB, with a limit of "
            f"{memory_bytes / 2**20:,.0f} MiB",
            hint="give fewer or smaller samples, or raise --memory-limit.",
        )


def texts(values: Sequence[str], memory_bytes: int, what: str) -> np.ndarray:
    """Texts as an array, in which each takes as much as the longest.

    Raises:
        DataError: They take more than half of the memory limit.
    """
    longest = max(map(len, values), default=0)
    fits(len(values) * longest * _CHARACTER_BYTES, memory_bytes, what)
    return np.array(values)
