"""Call one function of edgekit in a child process, with limits.

Loading, exporting and quantizing run whole in here: TensorFlow's half a gigabyte never
enters the command's own process, and an archive bomb or a crash in native code ends the
child only. Request and result are JSON; what is large is written to files.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.core import scratch
from edgekit.core.errors import EdgekitError, InternalError, of_system
from edgekit.core.process import EXIT_OUT_OF_MEMORY, Process, Progress
from edgekit.core.records import Limits

# Read by libraries when they are imported. TensorFlow's logs are noise to whoever converts a
# model; what matters of them comes back as an error.
_SETTINGS = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "KERAS_BACKEND": "tensorflow",
    # NumPy's and SciPy's BLAS each bring threads that spin while they wait, beside LiteRT's: on
    # two busy cores int4 weights of EfficientNet-Lite0 took 73 s with them, and 43 s without.
    "OPENBLAS_NUM_THREADS": "1",
}


_CRASH_HINT = (
    "native code failed: the file may be damaged, or hold what this version of the library "
    "cannot handle."
)

_PROGRAM = """import sys
sys.path.append(sys.argv[1])
from edgekit.core.isolate import serve
serve(sys.argv[2])"""


def call(
    target: str,
    request: Mapping[str, Any],
    *,
    name: str,
    limits: Limits,
    on_progress: Progress | None = None,
    restart: bool = False,
    writable: Sequence[Path] = (),
    own_code: bool = False,
    env: Mapping[str, str] | None = None,
    crash_hint: str = _CRASH_HINT,
) -> Any:
    """Run `module:function` in a child and return what it returned.

    The function takes `(request, report)`: the request as a dictionary, and a callable
    that reports one line of progress. With `restart` the time limit begins anew with each
    line: for training, which takes as long as it was asked to.

    Args:
        target: The function.
        request: What it gets, as plain JSON values.
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
    command = [sys.executable, "-P", "-c", _PROGRAM, str(Path(__file__).parents[1]), target]
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
            result = child.request(request, on_progress=on_progress, restart=restart)
    if isinstance(result, dict) and "internal_error" in result:
        raise InternalError(result["internal_error"])
    return result


def serve(target: str) -> None:
    """Answer one request on standard input by calling `module:function`, then end."""
    # Native code prints to file descriptor 1. Keep the real one for answers and send
    # everything else to standard error.
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def answer(payload: Mapping[str, Any]) -> None:
        answers.write(json.dumps(payload) + "\n")
        answers.flush()

    request = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    module, _, function = target.partition(":")
    try:
        work: Callable[..., Any] = getattr(importlib.import_module(module), function)
        answer({"result": work(request, lambda line: answer({"progress": line}))})
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


def _end_with_parent() -> None:
    """Standard input closes when the parent dies, however it dies."""
    sys.stdin.read()
    if hasattr(os, "killpg") and os.getpgrp() == os.getpid():  # what it started ends with it
        os.killpg(0, signal.SIGKILL)
    os._exit(1)
