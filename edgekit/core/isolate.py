"""Call one function of edgekit in a child process, with limits.

Loading, exporting and quantizing run whole in here: TensorFlow's half a gigabyte never
enters the command's own process, and an archive bomb or a crash in native code ends the
child only. Request and result are JSON; what is large is written to files.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

from edgekit.core import scratch, serde
from edgekit.core.errors import EdgekitError, InternalError, of_system
from edgekit.core.process import EXIT_OUT_OF_MEMORY, Process, Progress
from edgekit.core.records import Limits

Request = TypeVar("Request")
Result = TypeVar("Result")

# Read by libraries when they are imported. TensorFlow's logs are noise to whoever converts a
# model; what matters of them comes back as an error.
_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    # NumPy's and SciPy's BLAS each bring threads that spin while they wait, beside LiteRT's: on
    # two busy cores int4 weights of EfficientNet-Lite0 took 73 s with them, and 43 s without.
    "OPENBLAS_NUM_THREADS": "1",
    # glibc gives large arrays back to the system when they are freed, and takes new pages, which
    # have to be filled with zeros, for the next ones: 2.3 of 18.7 CPU seconds of quantizing
    # EfficientNet-Lite0, for a tenth less memory.
    "MALLOC_TRIM_THRESHOLD_": str(1 << 30),
    "MALLOC_MMAP_THRESHOLD_": str(1 << 30),
}

# Objects that are made before Python looks for those that hold each other. At its own 700 it looks
# all the time while libraries are imported and files are unpacked, and finds nothing: a twentieth
# of importing TensorFlow.
_OBJECTS_BEFORE_COLLECTION = 50_000

_CRASH_HINT = (
    "native code failed: the file may be damaged, or hold what this version of the library "
    "cannot handle."
)

_PROGRAM = """import sys
sys.path.append(sys.argv[1])
from edgekit.core.isolate import serve
serve(*sys.argv[2:])"""


@dataclass(frozen=True, slots=True)
class Stage(Generic[Request, Result]):
    """A function that runs in a child, named without importing it.

    The function takes `(request, report)`: a record of the kind `request`, and a callable that
    reports one line of progress; it returns a record of the kind `result`. Both travel as JSON,
    written and read by `serde`: what is large is written to files, and records hold their paths.
    The function's annotations say the same (`tests/core/test_isolate.py` compares them).

    Attributes:
        target: `module:function`.
        request: The record that the function takes.
        result: The record that it returns.
    """

    target: str
    request: type[Request]
    result: type[Result]


def call(
    stage: Stage[Request, Result],
    request: Request,
    *,
    name: str,
    limits: Limits,
    on_progress: Progress | None = None,
    restart: bool = False,
    writable: Sequence[Path] = (),
    own_code: bool = False,
    env: Mapping[str, str] | None = None,
    crash_hint: str = _CRASH_HINT,
) -> Result:
    """Run a stage in a child and return what it returned.

    With `restart` the time limit begins anew with each line of progress: for training, which
    takes as long as it was asked to.

    Args:
        stage: Which function, what it takes and what it gives.
        request: What it gets.
        name: What errors call the child, at the start of a sentence.
        limits: Seconds for the answer, bytes of resident memory.
        on_progress: Takes one line at each step.
        restart: Whether each line begins the time limit anew.
        writable: Folders and files that the function writes to, all of which exist. Besides its
            temporary folder it can write nowhere else, where the system has a wall (see
            `sandbox`).
        own_code: The person's own code runs in there, which may write what the person may.
        env: Variables that the child gets besides this process's own.
        crash_hint: The next step when native code crashes.

    Raises:
        EdgekitError: What the function raised, as the same class.
        RunError: The child crashed, took too long or too much memory.
        InternalError: The function failed in a way it did not foresee.
    """
    # Not `-m`: that would import what lies in the current folder, a random.py for instance,
    # in place of the standard library.
    package, kind = str(Path(__file__).parents[2]), _place(stage.request)
    command = [sys.executable, "-P", "-c", _PROGRAM, package, stage.target, kind]
    # What the child leaves in its temporary folder goes with it, however it ends.
    with scratch.folder() as folder:
        temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))
        child = Process(
            command,
            name=name,
            limits=limits,
            env={**os.environ, **_SETTINGS, **temporary, **(env or {})},
            writable=None if own_code else (folder, *writable),
            crash_hint=crash_hint,
        )
        with child:
            message = serde.to_dict(request)
            answer = child.request(message, on_progress=on_progress, restart=restart)
    if isinstance(answer, dict) and "internal_error" in answer:
        raise InternalError(answer["internal_error"])
    return serde.from_dict(stage.result, answer)


def serve(target: str, kind: str) -> None:
    """Answer one request on standard input by calling `module:function`, then end.

    Args:
        target: The function.
        kind: The record that it takes, as `module:name`.
    """
    gc.set_threshold(_OBJECTS_BEFORE_COLLECTION)
    # Native code prints to file descriptor 1. Keep the real one for answers and send
    # everything else to standard error.
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def answer(payload: Mapping[str, Any]) -> None:
        answers.write(json.dumps(payload) + "\n")
        answers.flush()

    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        work: Callable[..., Any] = _imported(target)
        message = serde.from_dict(_imported(kind), request)
        result = work(message, lambda line: answer({"progress": line}))
        answer({"result": serde.to_dict(result)})
    except EdgekitError as error:
        answer({"error": error.to_dict()})
    except MemoryError:
        os._exit(EXIT_OUT_OF_MEMORY)
    except OSError as error:
        # Libraries raise OSError without a number for files that they cannot make sense of.
        if error.errno is None:
            answer({"result": {"internal_error": traceback.format_exc()}})
        else:
            answer({"error": of_system(error).to_dict()})
    except BaseException:
        answer({"result": {"internal_error": traceback.format_exc()}})
    # Skip the teardown of native libraries: it is slow, and it may crash after all is done.
    sys.stdout.flush()
    os._exit(0)


def _place(kind: type) -> str:
    """A class as `module:name`."""
    return f"{kind.__module__}:{kind.__qualname__}"


def _imported(place: str) -> Any:
    """What `module:name` names."""
    module, _, name = place.partition(":")
    return getattr(importlib.import_module(module), name)


def _end_with_parent() -> None:
    """Standard input closes when the parent dies, however it dies."""
    sys.stdin.read()
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():  # what it started ends with it
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
