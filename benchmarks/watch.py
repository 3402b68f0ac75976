"""Run a command and watch what it costs: wall time, and resident memory of its whole tree."""

from __future__ import annotations

import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

_EVERY_SECONDS = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds of wall time, peak resident bytes summed over the tree, standard output."""

    seconds: float
    peak_bytes: int
    output: str


def run(command: Sequence[str], env: Mapping[str, str] | None = None) -> Cost:
    """Run to the end.

    Raises:
        RuntimeError: The command failed; its standard error is in the message.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=err, env=env)
        root = psutil.Process(child.pid)
        peak = 0
        while child.poll() is None:
            peak = max(peak, _tree_bytes(root))
            time.sleep(_EVERY_SECONDS)
        seconds = time.perf_counter() - started
        out.seek(0)
        err.seek(0)
        if child.returncode:
            said = err.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{' '.join(command)} ended with {child.returncode}:\n{said}")
        return Cost(seconds=seconds, peak_bytes=peak, output=out.read().decode())


def _tree_bytes(root: psutil.Process) -> int:
    total = 0
    try:
        processes = [root, *root.children(recursive=True)]
    except psutil.Error:
        return 0
    for process in processes:
        try:
            total += process.memory_info().rss
        except psutil.Error:
            continue
    return total
