"""A program that ends with this process, and so does all that it starts: pip, for one.

Between the two stands a small Python that waits for the program, and for its own standard input
to close: the system closes that when this process ends, however it ends.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

from edgekit.core.process_tree import ProcessTree

_PROGRAM = """
import os, signal, subprocess, sys, threading
def end_with_parent():
    os.read(0, 1)
    if hasattr(os, "killpg"):
        os.killpg(0, signal.SIGKILL)
    child.kill()
    os._exit(1)
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL)
threading.Thread(target=end_with_parent, daemon=True).start()
sys.exit(child.wait())
"""


def run(
    command: Sequence[str], *, seconds: float, env: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """Run a program to its end, and return its exit code and what it printed, errors among it.

    Args:
        command: The program and its arguments.
        seconds: Longer than that it does not run.
        env: Its environment; this process's own by default.

    Raises:
        OSError: It cannot be started.
        subprocess.TimeoutExpired: It took longer; it was ended with all that it started.
    """
    if shutil.which(command[0]) is None:
        raise FileNotFoundError(errno.ENOENT, "no such program", command[0])
    reading, writing = os.pipe()
    try:
        child = subprocess.Popen(
            [sys.executable, "-I", "-c", _PROGRAM, *command],
            env=None if env is None else dict(env),
            stdin=reading,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            printed, _ = child.communicate(timeout=seconds)
        finally:
            ProcessTree(child).kill()
            with contextlib.suppress(OSError):
                if child.stdout is not None:
                    child.stdout.close()
    finally:
        os.close(reading)
        os.close(writing)
    return child.returncode, printed.decode(errors="replace")
