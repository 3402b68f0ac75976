"""The names that a conversion writes are its own while it works: two of them never mix files."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edgekit.core.cache_dir import lock_of
from edgekit.core.errors import UsageError
from edgekit.core.process import Progress
from edgekit.pipeline.convert.plan import Plan, check_outputs


@contextmanager
def claim(planned: Plan, model: Path, force: bool, report: Progress) -> Iterator[None]:
    """Hold the outputs of a conversion until its files are written.

    Args:
        planned: Folder and name of the outputs.
        model: What is converted; no output replaces it.
        force: Outputs that are there are replaced, so those of another conversion are waited for.
        report: Told of the wait.

    Raises:
        UsageError: Another conversion is writing the same names, or has just written them.
        OutputError: The folder cannot take the files.
    """
    output = planned.folder / planned.name
    lock = lock_of(output)
    if lock is None:
        yield
        return
    if not lock.take(wait=False):
        if not force:
            raise UsageError(
                "Another conversion is writing to the same folder and name already.",
                received=f"{planned.folder.absolute()}, {planned.name}",
                hint="wait for it, or choose another --output or --name.",
            )
        report("waiting for another conversion to the same folder and name")
        lock.take(wait=True)
    try:
        check_outputs(planned, model, force)  # somebody may have written since they were planned
        yield
    finally:
        lock.release()
