"""Runs `.tflite` models in a process of its own, in any Python 3.8 to 3.14.

Started as `PYTHON worker_serve.py litert` (or `tflite-runtime`). It needs the standard library,
NumPy, that runtime and the files beside it, never edgekit: the Python may be that of an
old environment. It speaks the protocol of `edgekit.core.process`: one JSON request a line on
standard input, any number of `{"progress": ...}` lines and one `{"result": ...}` or
`{"error": ...}` back. A request names its record in `do` and holds that record's fields; a result
is the record that answers it, or a number. Arrays travel in `.npy` files. It ends when standard
input closes.
"""

from __future__ import annotations

import sys
import types

if __name__ == "__main__":
    # Python put this folder first on the path, where its file names could hide other modules. It
    # becomes a package instead, of which the files below are members.
    _package = types.ModuleType("edgekit_worker")
    _package.__path__ = [sys.path.pop(0)]
    sys.modules[_package.__name__] = _package
    __package__ = _package.__name__

import json
import os
import queue
import threading
import traceback
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from .worker_model import Load, Loaded, Model, Run
from .worker_runtime import import_runtime
from .worker_tensors import Failure
from .worker_timing import Memory, Time, Timed, peak_rss_bytes, time_models

if TYPE_CHECKING:  # never evaluated: Python 3.8 has not all of these spellings
    from .worker_model import Report
    from .worker_runtime import OpenInterpreter


@dataclass(frozen=True)
class Hello:
    """Which runtime, which Python, which NumPy."""


@dataclass(frozen=True)
class Greeting:
    """The versions of a worker's parts."""

    runtime: str
    version: str
    python: str
    numpy: str


if TYPE_CHECKING:
    Request = Hello | Load | Run | Time | Memory
    Answer = Greeting | Loaded | Timed | int

_REQUESTS = {kind.__name__.lower(): kind for kind in (Hello, Load, Run, Time, Memory)}


class Server:
    """Answers requests one after the other."""

    def __init__(self, runtime: str) -> None:
        self._runtime = runtime
        self._interpreter: OpenInterpreter | None = None
        self._version = ""
        self._models: dict[int, Model] = {}

    def answer(self, request: Request, report: Report) -> Answer:
        """The result of one request.

        Raises:
            Failure: The runtime, the file or the samples are at fault.
        """
        if self._interpreter is None:
            self._interpreter, self._version = import_runtime(self._runtime)
        if isinstance(request, Load):
            handle = len(self._models) + 1
            model = Model(
                request.path,
                request.num_threads,
                self._runtime,
                self._interpreter,
                request.kernels,
            )
            self._models[handle] = model
            return model.describe(handle, self._version)
        if isinstance(request, Run):
            return self._models[request.handle].run(request, report)
        if isinstance(request, Time):
            return time_models([self._models[n] for n in request.handles], request, report)
        if isinstance(request, Memory):
            return peak_rss_bytes()
        python = ".".join(map(str, sys.version_info[:3]))
        return Greeting(self._runtime, self._version, python, np.__version__)


def parse(line: bytes) -> Request:
    """The request in one line of JSON."""
    fields = json.loads(line)
    kind = fields.pop("do")
    if kind not in _REQUESTS:
        raise Failure("RunError", "The worker does not know the request.", str(kind))
    request: Request = _REQUESTS[kind](**fields)
    return request


def main() -> None:
    """Serve until standard input closes."""
    # Native code prints to file descriptor 1: keep the real one for answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    lines: queue.Queue[bytes] = queue.Queue()

    def read() -> None:
        for line in sys.stdin.buffer:
            lines.put(line)
        os._exit(0)  # the parent is gone, even if an invoke never returns

    def answer(kind: str, value: object) -> None:
        answers.write(json.dumps({kind: value}, default=vars) + "\n")
        answers.flush()

    threading.Thread(target=read, daemon=True).start()
    server = Server(sys.argv[1])
    while True:
        line = lines.get()
        try:
            answer("result", server.answer(parse(line), lambda text: answer("progress", text)))
        except Failure as failure:
            answer("error", failure.payload)
        except MemoryError as error:
            message = "The worker did not get the memory that the model needs."
            answer("error", Failure("WorkerOutOfMemory", message, str(error) or None).payload)
        except OSError as error:
            message = "The worker could not read its inputs or write its outputs."
            answer("error", Failure("RunError", message, str(error)).payload)
        except Exception:
            answer("result", {"internal_error": traceback.format_exc()})


if __name__ == "__main__":
    main()
