"""A child process that answers requests, with a time and a memory limit.

Everything that loads, converts or runs a model goes through here: a corrupt file may
crash, hang or eat the memory of a child, and that becomes one clear error. Messages are
JSON, one a line, over the child's standard input and output; arrays travel in files.
A child answers each request with any number of `{"progress": text}` lines and then one
`{"result": ...}` or `{"error": {...}}`.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from edgekit.errors import WorkerCrashed, WorkerOutOfMemory, WorkerTimeout, from_dict
from edgekit.records import Limits

# How often time and memory are looked at. An answer wakes the parent at once.
_WATCH_SECONDS = 0.05

Progress = Callable[[str], None]


def silent(line: str) -> None:
    """A `Progress` for those who do not care."""
    del line


class Process:
    """One child process.

    Args:
        command: The program and its arguments.
        name: What errors call it, at the start of a sentence, as `The litert worker`.
        limits: Seconds for each request, bytes of resident memory.
        env: The child's environment; this process's own by default.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        name: str,
        limits: Limits,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.limits = limits
        self._log = tempfile.TemporaryFile()
        self._lines: queue.Queue[bytes | None] = queue.Queue()
        try:
            self._child = subprocess.Popen(
                list(command),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                env=None if env is None else dict(env),
                start_new_session=True,
            )
        except OSError as error:
            self._log.close()
            raise WorkerCrashed(f"{name} must start.", received=f"{command[0]}: {error}") from None
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._child.stdout is not None
        with contextlib.suppress(ValueError):  # closed under us by close()
            for line in self._child.stdout:
                self._lines.put(line)
        self._lines.put(None)

    def request(
        self,
        message: Mapping[str, Any],
        *,
        seconds: float | None = None,
        on_progress: Progress | None = None,
        restart: bool = False,
    ) -> Any:
        """Send one request and wait for its answer.

        With `restart` the time limit is one between two lines of progress.

        Raises:
            WorkerCrashed: The child ended without an answer.
            WorkerTimeout: No answer within `seconds` (default: the limits').
            WorkerOutOfMemory: The child's resident memory passed the limit.
            EdgekitError: Whatever error the child answered with.
        """
        assert self._child.stdin is not None
        try:
            self._child.stdin.write(json.dumps(message).encode() + b"\n")
            self._child.stdin.flush()
        except (BrokenPipeError, OSError):
            self._fail_crashed()
        allowed = self.limits.seconds if seconds is None else seconds
        deadline = time.monotonic() + allowed
        while True:
            answer = self._next_line(deadline, allowed)
            if "progress" in answer:
                if restart:
                    deadline = time.monotonic() + allowed
                if on_progress:
                    on_progress(str(answer["progress"]))
            elif "error" in answer:
                raise from_dict(answer["error"])
            else:
                return answer.get("result")

    def _next_line(self, deadline: float, allowed: float) -> dict[str, Any]:
        while True:
            try:
                line = self._lines.get(timeout=_WATCH_SECONDS)
            except queue.Empty:
                self._check_memory()
                if time.monotonic() > deadline:
                    self.kill()
                    raise WorkerTimeout(
                        f"{self.name} answers within its time limit of {allowed:g} s.",
                        received="no answer; it was stopped.",
                        hint="raise --timeout, or check the model: a corrupt file can hang "
                        "an interpreter.",
                    ) from None
                continue
            if line is None:
                self._fail_crashed()
                continue
            try:
                answer = json.loads(line)
            except json.JSONDecodeError:
                continue  # a native library printed to standard output
            if isinstance(answer, dict):
                return answer

    def _check_memory(self) -> None:
        import psutil

        try:
            used = psutil.Process(self._child.pid).memory_info().rss
        except psutil.Error:
            return
        if used > self.limits.memory_bytes:
            self.kill()
            raise WorkerOutOfMemory(
                f"{self.name} stays under its memory limit of "
                f"{self.limits.memory_bytes / 2**20:.0f} MiB.",
                received=f"{used / 2**20:.0f} MiB; it was stopped.",
                hint="raise --memory-limit if the model really needs that much.",
            )

    def _fail_crashed(self) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(timeout=5)
        code = self._child.poll()
        self.kill()
        raise WorkerCrashed(
            f"{self.name} ends only when it is told to.",
            received=f"{_ending(code)}{self._last_words()}",
            hint="the model file may be corrupt or use something this runtime cannot handle.",
        )

    def _last_words(self) -> str:
        """The last line of the child's standard error: often the native reason."""
        self._log.seek(0)
        lines = self._log.read()[-4000:].decode(errors="replace").split("\n")
        words = [line.strip() for line in lines if line.strip()]
        return f"; it said: {words[-1][:300]}" if words else ""

    def kill(self) -> None:
        """Stop the child, and whatever it started, at once."""
        if self._child.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if hasattr(os, "killpg"):
                    os.killpg(self._child.pid, signal.SIGKILL)
                else:
                    self._child.kill()
            self._child.wait()

    def close(self) -> None:
        """End the child and free its pipes. May be called twice."""
        self.kill()
        for pipe in (self._child.stdin, self._child.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()
        self._log.close()

    def __enter__(self) -> Process:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _ending(code: int | None) -> str:
    if code is None:
        return "it closed its output"
    if code < 0:
        try:
            return f"it was ended by {signal.Signals(-code).name}"
        except ValueError:
            return f"it was ended by signal {-code}"
    return f"it ended with exit code {code}"
