"""A child process that answers requests, with a time and a memory limit.

Everything that loads, converts or runs a model goes through here: a corrupt file may
crash, hang or eat the memory of a child, and that becomes one clear error. Messages are
JSON, one a line, over the child's standard input and output; arrays travel in files.
A child answers each request with any number of `{"progress": text}` lines and then one
`{"result": ...}` or `{"error": {...}}`.

Three threads belong to a child: one reads its lines, one keeps the end of its standard error, and
one looks at time and memory and ends the child that passes a limit, whatever it sends and whatever
its caller waits for.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from edgekit.core import sandbox
from edgekit.core.closing import Closing
from edgekit.core.errors import RunError, WorkerCrashed, WorkerOutOfMemory, WorkerTimeout, from_dict
from edgekit.core.json_values import Json
from edgekit.core.process_tree import ProcessTree
from edgekit.core.records import Limits
from edgekit.core.text import printable

# How often time and memory are looked at. An answer wakes the parent at once.
_WATCH_SECONDS = 0.05
# What a child may make its parent hold: answers that wait, and the length of each.
_MAX_WAITING = 8
_MAX_LINE_BYTES = 64 << 20
# Of standard error only the end is ever shown, and kept.
_KEPT_ERROR_BYTES = 4000
# Backstop for one allocation that is larger than all memory: addresses are reserved, too.
_SPARE_DATA_BYTES = 4 << 30
# How a child ends that the system gave no memory (as shells say of SIGKILL).
EXIT_OUT_OF_MEMORY = 137

Progress = Callable[[str], None]

# Numbers of the children that are alive, for `kill_all`.
_live: set[int] = set()


def silent(line: str) -> None:
    """A `Progress` for those who do not care."""
    del line


class Process(Closing):
    """One child process.

    Args:
        command: The program and its arguments.
        name: What errors call it, at the start of a sentence, as `The litert worker`.
        limits: Seconds for each request; bytes of resident memory of the child and all that it
            starts, together.
        env: The child's environment; this process's own by default.
        writable: Folders and files that it may write to, where the system can hold it to them
            (see `sandbox`); None for everything that this user may write.
        crash_hint: The next step when it crashes.

    Raises:
        WorkerCrashed: The program cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        name: str,
        limits: Limits,
        env: Mapping[str, str] | None = None,
        writable: Sequence[Path] | None = None,
        crash_hint: str | None = None,
    ) -> None:
        self.name = name
        self.limits = limits
        self._crash_hint = crash_hint
        if shutil.which(command[0]) is None:
            raise WorkerCrashed(f"{name} could not be started.", received=f"no {command[0]}")
        most = 2 * limits.memory_bytes + _SPARE_DATA_BYTES
        self._said = b""
        try:
            self._child = subprocess.Popen(
                sandbox.wrapped(command, data_bytes=most, writable=writable),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=None if env is None else dict(env),
                start_new_session=True,
            )
        except OSError as error:
            raise WorkerCrashed(
                f"{name} could not be started.", received=f"{command[0]}: {error}"
            ) from None
        _live.add(self._child.pid)
        self._tree = ProcessTree(self._child)
        self._answers: queue.Queue[dict[str, Json]] = queue.Queue(_MAX_WAITING)
        # The limit of the request at hand, and what a limit that was passed is told as.
        self._allowed, self._deadline = 0.0, float("inf")
        self._fault: RunError | None = None
        self._closing, self._over = threading.Event(), threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._reader.start()
        self._listener.start()
        self._watcher.start()

    def request(
        self,
        message: Mapping[str, object],
        *,
        seconds: float | None = None,
        on_progress: Progress | None = None,
        restart: bool = False,
    ) -> Json:
        """Send one request and wait for its answer.

        With `restart` the time limit is one between two lines of progress.

        Raises:
            WorkerCrashed: The child ended without an answer.
            WorkerTimeout: No answer within `seconds` (default: the limits').
            WorkerOutOfMemory: The child's resident memory passed the limit.
            EdgekitError: Whatever error the child answered with.
        """
        self._allowed = self.limits.seconds if seconds is None else seconds
        self._begin()
        try:
            self._send(message)
            for answer in self._received():
                if "progress" in answer:
                    if restart:
                        self._begin()
                    if on_progress:
                        on_progress(str(answer["progress"]))
                elif "error" in answer:
                    raise from_dict(answer["error"])
                else:
                    return answer.get("result")
        finally:
            self._deadline = float("inf")
        raise self._crash()

    def _begin(self) -> None:
        self._deadline = time.monotonic() + self._allowed

    def _send(self, message: Mapping[str, object]) -> None:
        """Write a request; a child that does not read it is ended at the deadline."""
        assert self._child.stdin is not None
        # Where the child is gone, what it ended with is found when its answer is waited for.
        rest = memoryview(json.dumps(message).encode() + b"\n")
        with contextlib.suppress(OSError):
            while rest:  # past Python's buffer, which close() would have to flush
                rest = rest[os.write(self._child.stdin.fileno(), rest) :]

    def _received(self) -> Iterator[dict[str, Json]]:
        """The child's answers, one by one, until it is gone.

        Raises:
            RunError: It passed a limit.
        """
        while True:
            over = self._over.is_set()  # asked first: all that led to the end is known then
            if self._fault is not None:
                fault, self._fault = self._fault, None
                raise fault
            try:
                yield self._answers.get(timeout=0 if over else _WATCH_SECONDS)
            except queue.Empty:
                if over:
                    return

    def _read(self) -> None:
        """Queue what the child says, line by line. One that closes its output is ended."""
        assert self._child.stdout is not None
        with self._child.stdout as lines:
            while line := lines.readline(_MAX_LINE_BYTES):
                if len(line) == _MAX_LINE_BYTES:
                    self._fault = WorkerCrashed(
                        f"{self.name} sent a line that does not end.",
                        received=f"more than {_MAX_LINE_BYTES >> 20} MiB; it was stopped.",
                    )
                    break
                answer = _parsed(line)
                while answer is not None and not self._over.is_set():
                    with contextlib.suppress(queue.Full):
                        self._answers.put(answer, timeout=_WATCH_SECONDS)
                        break
        if self._fault is None:
            with contextlib.suppress(subprocess.TimeoutExpired):  # an honest end takes its time
                self._child.wait(timeout=5)
        self.kill()

    def _listen(self) -> None:
        """Keep the end of what the child says on standard error, however much it says."""
        assert self._child.stderr is not None
        with self._child.stderr as errors:
            while words := os.read(errors.fileno(), 1 << 16):
                self._said = (self._said + words)[-_KEPT_ERROR_BYTES:]

    def _watch(self) -> None:
        """End the child when it passes a limit, and what it leaves behind when it ends."""
        try:
            while self._child.poll() is None and not self._closing.wait(_WATCH_SECONDS):
                fault = self._late() or self._greedy()
                if fault is not None and self._child.poll() is None:
                    self._fault = fault
                    break
        finally:  # nobody waits for a child that nobody watches
            self.kill()
            self._read_to_the_end()
            self._over.set()

    def _read_to_the_end(self) -> None:
        """Wait until all is read that was said before the end, and both pipes are closed.

        Not for long: a process that escaped may hold the other end of them.
        """
        deadline = time.monotonic() + 1.0
        for thread in (self._reader, self._listener):
            thread.join(timeout=max(0.0, deadline - time.monotonic()))

    def _late(self) -> RunError | None:
        if time.monotonic() < self._deadline:
            return None
        return WorkerTimeout(
            f"{self.name} did not answer within its time limit of {self._allowed:g} s.",
            received="no answer; it was stopped.",
            hint="raise --timeout if the model is large; a damaged file can hang for ever.",
        )

    def _greedy(self) -> RunError | None:
        used = self._tree.resident_bytes(self.limits.memory_bytes)
        if used <= self.limits.memory_bytes:
            return None
        return WorkerOutOfMemory(
            f"{self.name} passed its memory limit of {self.limits.memory_bytes / 2**20:.0f} MiB.",
            received=f"{used / 2**20:.0f} MiB; it was stopped.",
            hint="raise --memory-limit if the model really needs that much.",
        )

    def _crash(self) -> RunError:
        """What to say of a child that is gone without an answer."""
        code = self._child.wait()
        received = f"{_ending(code)}{self._last_words()}"
        if code == EXIT_OUT_OF_MEMORY:
            return WorkerOutOfMemory(
                f"{self.name} asked for more memory than there is.",
                received=received,
                hint="raise --memory-limit if the model really needs that much.",
            )
        hint = self._crash_hint
        if -code == getattr(signal, "SIGKILL", None):
            hint = "the system ended it, most often for lack of memory: free some, and try again."
        crash = WorkerCrashed(f"{self.name} crashed.", received=received, hint=hint)
        crash.signal = max(0, -code)
        return crash

    def _last_words(self) -> str:
        """The last line of the child's standard error: often the native reason."""
        lines = self._said.decode(errors="replace").split("\n")
        words = [line.strip() for line in lines if line.strip()]
        return f"; it said: {printable(words[-1][:300])}" if words else ""

    def kill(self) -> None:
        """Stop the child, and whatever it started, at once."""
        self._tree.kill()
        _live.discard(self._child.pid)

    def close(self) -> None:
        """End the child and free its pipes. May be called twice."""
        self._closing.set()
        self.kill()
        self._watcher.join()
        if self._child.stdin is not None:
            self._child.stdin.close()
        self._read_to_the_end()


def kill_all() -> None:
    """Stop every child at once. It takes no lock, so that a handler of signals may call it."""
    if hasattr(os, "killpg"):
        for pid in list(_live):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(pid, signal.SIGKILL)


def _parsed(line: bytes) -> dict[str, Json] | None:
    """An answer, or None for what a native library printed to standard output."""
    try:
        answer = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _ending(code: int) -> str:
    if code >= 0:
        return f"it ended with exit code {code}"
    try:
        return f"it was ended by {signal.Signals(-code).name}"
    except ValueError:
        return f"it was ended by signal {-code}"
