"""Arrays for a worker, as `.npy` files in a folder that is always cleaned up."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edgekit.core import scratch
from edgekit.core.errors import DataError, RunError
from edgekit.runtimes.base import Arrays

_SHARED_MEMORY = Path("/dev/shm")  # a folder in memory on Linux: no disk is touched
_SPARE_BYTES = 64 << 20


def count_samples(inputs: Arrays) -> int:
    """How many samples `inputs` hold: the length that all of them share.

    Raises:
        DataError: None, no common length, or an array of neither numbers nor text.
    """
    for name, array in inputs.items():
        if array.dtype.kind not in "biufU":
            raise DataError(
                f"Input {name!r} must hold numbers or text.", received=f"dtype {array.dtype}"
            )
        if not array.ndim:
            raise DataError(
                f"Input {name!r} must have samples along its first dimension.", received="a scalar"
            )
    counts = {name: len(array) for name, array in inputs.items()}
    if len(set(counts.values())) != 1 or 0 in counts.values():
        raise DataError(
            "All inputs must hold equally many samples, at least one.",
            received=", ".join(f"{name}: {count}" for name, count in counts.items()) or "no inputs",
        )
    return next(iter(counts.values()))


@contextmanager
def folder(num_bytes: int) -> Iterator[Path]:
    """A new folder for about `num_bytes` of arrays: in memory where it fits, else on disk."""
    fits = _room(_SHARED_MEMORY) > num_bytes + _SPARE_BYTES
    with scratch.folder(_SHARED_MEMORY if fits and _in_memory() else None) as made:
        yield made


def places() -> list[Path]:
    """Where the folders of this process lie: a worker writes nowhere else."""
    memory = _in_memory()
    return [scratch.root(), *([memory] if memory else [])]


def _in_memory() -> Path | None:
    try:
        return scratch.root(_SHARED_MEMORY)
    except OSError:  # no such system, no right, or a child that may not write there
        return None


def _room(place: Path) -> int:
    try:
        return shutil.disk_usage(place).free
    except OSError:
        return 0


def save(inputs: Arrays, place: Path) -> dict[str, str]:
    """Write each array as a C-ordered `.npy` file. Returns the paths by name.

    Raises:
        RunError: The disk is full.
    """
    paths = {}
    try:
        for number, (name, array) in enumerate(inputs.items()):
            path = place / f"input{number}.npy"
            np.save(path, np.ascontiguousarray(array))
            paths[name] = str(path)
    except OSError as error:
        raise RunError(
            "The temporary folder has no room for the samples.",
            received=str(error),
            hint="free some space, or set TMPDIR to a larger disk.",
        ) from None
    return paths
