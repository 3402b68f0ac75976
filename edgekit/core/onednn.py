"""TensorFlow in a child: when its own kernels crash, once more without oneDNN.

On some processors kernels of oneDNN end the process (training separable convolutions on AVX512,
for one), on a model and a file that are in order. Without them TensorFlow is slower and rounds
otherwise, so that is what is tried second; where it helped, this machine remembers it, for that
work and that version of TensorFlow.
"""

from __future__ import annotations

import hashlib
import platform
import signal
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

from edgekit.core import isolate, serde
from edgekit.core.cache_dir import home
from edgekit.core.errors import EdgekitError, WorkerCrashed
from edgekit.core.installed import installed
from edgekit.core.isolate import Request, Result, Stage
from edgekit.core.process import Progress
from edgekit.core.records import Limits

_DISTRIBUTIONS = ("tensorflow", "tensorflow-cpu", "tensorflow-intel")
_OFF = {"TF_ENABLE_ONEDNN_OPTS": "0"}
# Signals of native code that fails; others come from outside.
_FAULTS = ("SIGSEGV", "SIGBUS", "SIGILL", "SIGFPE", "SIGABRT", "SIGTRAP")
_NOTE = (
    "{name} ran without oneDNN, whose kernels crashed TensorFlow on this machine: it is slower, "
    "and rounds otherwise."
)
_HINT = (
    "TensorFlow's native code failed, with oneDNN and without: the model may be damaged, or it "
    "meets a mistake of this TensorFlow. Does it load and predict in Python, outside of edgekit?"
)


def call(
    stage: Stage[Request, Result],
    request: Request,
    *,
    name: str,
    notes: list[str],
    limits: Limits,
    on_progress: Progress | None = None,
    restart: bool = False,
    writable: Sequence[Path] = (),
    own_code: bool = False,
) -> Result:
    """`isolate.call` for stages that compute with TensorFlow; takes the same arguments.

    Args:
        stage: See there.
        request: See there.
        name: See there.
        notes: Gets one more where TensorFlow ran without oneDNN.
        limits: See there.
        on_progress: See there.
        restart: See there.
        writable: See there.
        own_code: See there.

    Raises:
        EdgekitError: As `isolate.call`; a crash counts when it comes without oneDNN, too.
    """
    run = partial(
        isolate.call,
        stage,
        request,
        name=name,
        limits=limits,
        on_progress=on_progress,
        restart=restart,
        writable=writable,
        own_code=own_code,
    )
    memory = _memory_of(stage.target)
    if not memory.exists():
        try:
            return run()
        except WorkerCrashed as crash:
            if not _is_fault(crash):
                raise
    result = run(env=_OFF, crash_hint=_HINT)
    _remember(memory)
    notes.append(_NOTE.format(name=name))
    return result


def _is_fault(crash: WorkerCrashed) -> bool:
    return crash.signal in {getattr(signal, name, None) for name in _FAULTS}


def _memory_of(target: str) -> Path:
    """Where it is remembered: another TensorFlow, processor or work has another place."""
    parts = (target, _version(), platform.machine(), _processor())
    return home() / "without_onednn" / hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _version() -> str:
    return next(filter(None, map(installed, _DISTRIBUTIONS)), "")


def _processor() -> str:
    """What the processor is called; kernels are chosen by it."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith(("model name", "CPU part")):  # x86-64, arm64
                return line.partition(":")[2].strip()
    return platform.processor()


def _remember(memory: Path) -> None:
    with suppress(EdgekitError):  # else the next time finds out again
        serde.write_atomic(memory, "TensorFlow crashed here with oneDNN, and not without.\n")
