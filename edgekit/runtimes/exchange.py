"""Arrays for a worker, as `.npy` files in a folder that is always cleaned up."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from edgekit.errors import DataError, RunError
from edgekit.runtimes.base import Arrays

_SHARED_MEMORY = Path("/dev/shm")  # a folder in memory on Linux: no disk is touched
_SPARE_BYTES = 64 << 20
_PREFIX = "edgekit-exchange-"


def count_samples(inputs: Arrays) -> int:
    """How many samples `inputs` hold: the length that all of them share.

    Raises:
        DataError: None, no common length, or an array that is not of numbers.
    """
    for name, array in inputs.items():
        if array.dtype.kind not in "biuf":
            raise DataError(f"Input {name!r} holds numbers.", received=f"dtype {array.dtype}")
        if not array.ndim:
            raise DataError(
                f"Input {name!r} has samples along its first dimension.", received="a scalar"
            )
    counts = {name: len(array) for name, array in inputs.items()}
    if len(set(counts.values())) != 1 or 0 in counts.values():
        raise DataError(
            "All inputs hold equally many samples, at least one.",
            received=", ".join(f"{name}: {count}" for name, count in counts.items()) or "no inputs",
        )
    return next(iter(counts.values()))


@contextmanager
def folder(num_bytes: int) -> Iterator[Path]:
    """A new folder for about `num_bytes` of arrays: in memory where it fits, else on disk."""
    _sweep()
    place = _SHARED_MEMORY if _room(_SHARED_MEMORY) > num_bytes + _SPARE_BYTES else None
    made = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-", dir=place))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _room(place: Path) -> int:
    try:
        return shutil.disk_usage(place).free if os.access(place, os.W_OK) else 0
    except OSError:
        return 0


def _sweep() -> None:
    """Remove what processes that were killed left in shared memory."""
    import psutil

    with contextlib.suppress(OSError):
        for left in _SHARED_MEMORY.glob(f"{_PREFIX}*"):
            owner = left.name[len(_PREFIX) :].partition("-")[0]
            if owner.isdigit() and not psutil.pid_exists(int(owner)):
                shutil.rmtree(left, ignore_errors=True)


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
            "The temporary folder has room for the samples.",
            received=str(error),
            hint="free some space, or set TMPDIR to a larger disk.",
        ) from None
    return paths
