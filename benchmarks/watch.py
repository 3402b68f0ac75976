"""Run a command and watch what it costs: wall time, and resident memory of its whole tree."""

from __future__ import annotations

import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

_EVERY_SECONDS = 0.02


class Failed(RuntimeError):
    """A command that did not end well.

    Args:
        command: What ran.
        code: Its exit code, negative where a signal ended it; None where time ran out.
        cost: What it cost and said until then.
        errors: Its standard error.
    """

    def __init__(self, command: Sequence[str], code: int | None, cost: Cost, errors: str) -> None:
        how = f"ended with {code}" if code is not None else f"was stopped after {cost.seconds:.0f}s"
        super().__init__(f"{' '.join(command)} {how}:\n{errors[-2000:]}")
        self.code, self.cost, self.errors = code, cost, errors


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Seconds of wall time, peak resident bytes summed over the tree, standard output.

    `said` is each line of standard error with the seconds after which it was seen.
    """

    seconds: float
    peak_bytes: int
    output: str
    said: tuple[tuple[float, str], ...] = ()


def run(
    command: Sequence[str],
    env: Mapping[str, str] | None = None,
    *,
    timeout: float | None = None,
) -> Cost:
    """Run to the end.

    Raises:
        Failed: The command failed, or took longer than `timeout` seconds.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        child = subprocess.Popen(command, stdout=out, stderr=err, env=env)
        root = psutil.Process(child.pid)
        peak, ended = 0, False
        lines = _Lines(err.fileno())
        while not ended:
            ended = child.poll() is not None
            seconds = time.perf_counter() - started
            lines.read(seconds)
            if ended:
                break
            if timeout is not None and seconds > timeout:
                _kill_tree(root)
                child.wait()
                break
            peak = max(peak, _tree_bytes(root))
            time.sleep(_EVERY_SECONDS)
        lines.end(seconds)
        out.seek(0)
        cost = Cost(
            seconds=seconds,
            peak_bytes=peak,
            output=out.read().decode(errors="replace"),
            said=tuple(lines.seen),
        )
        if not ended or child.returncode:
            code = child.returncode if ended else None
            raise Failed(command, code, cost, "\n".join(line for _, line in lines.seen))
        return cost


class _Lines:
    """Lines as they arrive in a file that a child writes to."""

    def __init__(self, file: int) -> None:
        self._file, self._place, self._rest = file, 0, b""
        self.seen: list[tuple[float, str]] = []

    def read(self, seconds: float) -> None:
        # The child shares the file's position: `pread` leaves it where it is.
        while chunk := os.pread(self._file, 1 << 16, self._place):
            self._place += len(chunk)
            *whole, self._rest = (self._rest + chunk).split(b"\n")
            self.seen += [(seconds, line.decode(errors="replace")) for line in whole]

    def end(self, seconds: float) -> None:
        self.read(seconds)
        if self._rest:
            self.seen.append((seconds, self._rest.decode(errors="replace")))


def _kill_tree(root: psutil.Process) -> None:
    with contextlib.suppress(psutil.Error):
        for process in [*root.children(recursive=True), root]:
            with contextlib.suppress(psutil.Error):
                process.kill()


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
