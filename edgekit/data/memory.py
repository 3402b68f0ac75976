"""Do samples fit into memory? Asked before they are read, of what their headers say."""

from __future__ import annotations

from edgekit.errors import DataError

_COPIES = 2  # while samples are drawn and converted there are two of each


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
