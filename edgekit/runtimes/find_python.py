"""Find a Python on this machine in which an environment can be made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from edgekit.core.errors import EnvironmentFailure

# What a candidate prints: that it is CPython, which one, and that it can make environments.
_PROBE = (
    "import sys, venv, ensurepip;"
    "print(sys.implementation.name, sys.version_info[0], sys.version_info[1])"
)


def find_python(lowest: int, highest: int, *, label: str) -> tuple[Path, int]:
    """A CPython 3.`lowest` to 3.`highest` that can make environments, and its minor version.

    edgekit's own Python where it fits, then `python3.N` on the PATH, then pyenv's versions;
    the newest first.

    Raises:
        EnvironmentFailure: There is none.
    """
    own = sys.version_info.minor
    if lowest <= own <= highest and _minor(Path(sys.executable)) == own:
        return Path(sys.executable), own
    tried = []
    for candidate in _candidates(lowest, highest):
        minor = _minor(candidate)
        if minor is not None and lowest <= minor <= highest:
            return candidate, minor
        tried.append(str(candidate))
    raise EnvironmentFailure(
        f"No Python for {label} was found: it has packages for CPython 3.{lowest} to 3.{highest}.",
        received=f"Python 3.{own}"
        + (f"; these could not make an environment: {', '.join(tried)}" if tried else ""),
        hint=f"install Python 3.{highest} with its venv module, so that `python3.{highest}` "
        "is on the PATH.",
    )


def _candidates(lowest: int, highest: int) -> Iterator[Path]:
    for minor in range(highest, lowest - 1, -1):
        found = shutil.which(f"python3.{minor}")
        if found:
            yield Path(found)
    roots = [os.environ.get("PYENV_ROOT"), Path.home() / ".pyenv"]
    for minor in range(highest, lowest - 1, -1):
        for root in roots:
            if root:
                yield from sorted(Path(root).glob(f"versions/3.{minor}.*/bin/python"))


def _minor(python: Path) -> int | None:
    """The minor version of a CPython 3 that can make environments, else None."""
    try:
        done = subprocess.run(
            [str(python), "-c", _PROBE], capture_output=True, text=True, timeout=30
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    words = done.stdout.split()
    if done.returncode != 0 or words[:2] != ["cpython", "3"]:
        return None
    return int(words[2])
