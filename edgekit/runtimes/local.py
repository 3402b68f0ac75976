"""Runtimes of this machine: `worker/` as a child process, in the Python that suits.

A file that crashes, hangs or eats memory ends its worker and becomes one error that names
the file and the runtime. Arrays go through files (`exchange`), never through the pipe.
"""

from __future__ import annotations

import dataclasses
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np

from edgekit.core import serde
from edgekit.core.closing import Closing
from edgekit.core.errors import InternalError, ModelError
from edgekit.core.process import Process, Progress
from edgekit.core.records import Limits, Target, TensorSpec
from edgekit.runtimes import environments, exchange
from edgekit.runtimes.base import NOTHING, Arrays, Session, SessionInfo, Timer
from edgekit.runtimes.worker.worker_model import Load, Loaded, Run
from edgekit.runtimes.worker.worker_serve import Hello
from edgekit.runtimes.worker.worker_tensors import TensorFields
from edgekit.runtimes.worker.worker_timing import Memory, Time, Timed

Answer = TypeVar("Answer")

WORKER = Path(__file__).with_name("worker") / "worker_serve.py"
_CRASH_HINT = "the model file may be damaged, or use something that this runtime cannot handle."


def start(python: Path, target: Target, *, name: str, limits: Limits) -> Process:
    """A worker for `target` in `python`, not yet asked anything.

    It writes to the folders of `exchange` only, where the system can hold it to them.
    """
    writable = exchange.places()
    temporary = dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(writable[0]))
    env = {**os.environ, **temporary}
    if str(python) != sys.executable:
        # They name this Python's packages, which the other one must not see.
        for variable in ("PYTHONPATH", "PYTHONHOME"):
            env.pop(variable, None)
    return Process(
        [str(python), str(WORKER), target.runtime],
        name=name,
        limits=limits,
        env=env,
        writable=writable,
        crash_hint=_CRASH_HINT,
    )


def ask(
    worker: Process,
    request: Hello | Load | Run | Time | Memory,
    answer: type[Answer],
    on_progress: Progress | None = None,
) -> Answer:
    """One request to a worker.

    Args:
        worker: From `start`.
        request: A record of `worker/`.
        answer: The record that the request's docstring names, or `int`.
        on_progress: Takes a line at a time.

    Raises:
        EdgekitError: What the worker answered, or how it ended.
        InternalError: It failed in a way it did not foresee.
    """
    message = {"do": type(request).__name__.lower(), **dataclasses.asdict(request)}
    result = worker.request(message, on_progress=on_progress)
    if isinstance(result, dict) and "internal_error" in result:
        raise InternalError(result["internal_error"])
    return serde.from_dict(answer, result, "The worker's answer")


class _LoadedFiles:
    """A worker with files loaded in it."""

    def __init__(
        self, paths: Sequence[Path], target: Target, limits: Limits, kernels: str = "default"
    ) -> None:
        for path in paths:
            if not path.is_file():
                raise ModelError("The model file was not found.", received=str(path))
            if not _is_text(path.resolve()):  # runtimes take no other paths
                raise ModelError(
                    "A model file's path must be text.",
                    received=ascii(str(path)),
                    hint="rename it, or its folder.",
                )
        files = ", ".join(dict.fromkeys(path.name for path in paths))
        name = f"The {target.label} worker running {files}"
        self.process = start(environments.python_for(target), target, name=name, limits=limits)
        try:
            self.files = [
                ask(self.process, Load(str(path.resolve()), target.num_threads, kernels), Loaded)
                for path in paths
            ]
        except BaseException:
            self.process.close()
            raise

    def close(self) -> None:
        """End the worker."""
        self.process.close()


def _is_text(path: Path) -> bool:
    """Whether a path is no bytes of an unknown encoding."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


class HostSession(Closing):
    """A `Session` in a worker process."""

    def __init__(
        self, path: Path, target: Target, limits: Limits, kernels: str = "default"
    ) -> None:
        self._loaded = _LoadedFiles([path], target, limits, kernels)
        self._info = _info(self._loaded.files[0])

    @property
    def info(self) -> SessionInfo:
        """See `Session.info`."""
        return self._info

    def run(
        self,
        inputs: Arrays,
        on_progress: Progress | None = None,
        carried: Mapping[str, str] = NOTHING,
    ) -> dict[str, np.ndarray]:
        """See `Session.run`."""
        count = exchange.count_samples(inputs)
        with exchange.folder(_bytes(inputs, count, self._info)) as place:
            saved = exchange.save(inputs, place)
            return self.run_range(saved, place, (0, count), on_progress, carried)

    def run_range(
        self,
        inputs: dict[str, str],
        place: Path,
        samples: tuple[int, int],
        on_progress: Progress | None,
        carried: Mapping[str, str] = NOTHING,
    ) -> dict[str, np.ndarray]:
        """Run samples from one to below another of saved inputs; outputs pass through `place`."""
        first, stop = samples
        names = [spec.name for spec in self._info.outputs]
        paths = {name: str(place / f"output{i}-{first}.npy") for i, name in enumerate(names)}
        handle = self._loaded.files[0].handle
        request = Run(handle, inputs, paths, first, stop, dict(carried))
        ask(self._loaded.process, request, int, on_progress)
        return {name: np.load(path) for name, path in paths.items()}

    def kill(self) -> None:
        """Stop the worker at once: a `run` in another thread ends with `WorkerCrashed`."""
        self._loaded.process.kill()

    def close(self) -> None:
        """See `Session.close`."""
        self._loaded.close()


class HostTimer(Closing):
    """A `Timer` in a worker process."""

    def __init__(self, paths: Sequence[Path], target: Target, limits: Limits) -> None:
        self._loaded = _LoadedFiles(paths, target, limits)

    def time(
        self,
        *,
        warmup_runs: int,
        num_runs: int,
        min_seconds: float,
        seed: int,
        inputs: Arrays | None = None,
        on_progress: Progress | None = None,
    ) -> np.ndarray:
        """See `Timer.time`."""
        first = {name: array[:1] for name, array in (inputs or {}).items()}
        if first:
            exchange.count_samples(first)
        with exchange.folder(sum(array.nbytes for array in first.values())) as place:
            request = Time(
                handles=tuple(file.handle for file in self._loaded.files),
                warmup=warmup_runs,
                rounds=num_runs,
                min_seconds=min_seconds,
                seed=seed,
                inputs=exchange.save(first, place),
            )
            timed = ask(self._loaded.process, request, Timed, on_progress)
        whole = np.array(timed.nanoseconds, dtype=np.float64)
        each: np.ndarray = whole / np.array(timed.invokes, dtype=np.float64)[:, None]
        return each

    def peak_rss_bytes(self) -> int:
        """See `Timer.peak_rss_bytes`."""
        return ask(self._loaded.process, Memory(), int)

    def close(self) -> None:
        """See `Timer.close`."""
        self._loaded.close()


def _info(loaded: Loaded) -> SessionInfo:
    return SessionInfo(
        inputs=_specs(loaded.inputs),
        outputs=_specs(loaded.outputs),
        num_ops=loaded.num_ops,
        partitions=loaded.partitions,
        stateful=loaded.stateful,
        runtime_version=loaded.version,
        plain=loaded.plain,
        is_sequence=loaded.is_sequence,
    )


def _specs(tensors: tuple[TensorFields, ...]) -> tuple[TensorSpec, ...]:
    return tuple(TensorSpec(**vars(tensor)) for tensor in tensors)


def _bytes(inputs: Arrays, count: int, info: SessionInfo) -> int:
    """About how much a run writes: its inputs, and four bytes for each output value."""
    values = sum(math.prod(abs(size) for size in spec.shape) for spec in info.outputs)
    return sum(array.nbytes for array in inputs.values()) + 4 * values * count


def open_session(
    path: Path, target: Target, *, limits: Limits, kernels: str = "default"
) -> Session:
    """Load one file in a worker. See `Runtime.open_session`.

    `kernels` other than `default` are for a second opinion: `reference` ones, or a runtime's own,
    `builtin`, without XNNPACK.
    """
    return HostSession(path, target, limits, kernels)


def open_timer(paths: Sequence[Path], target: Target, *, limits: Limits) -> Timer:
    """Load several files in one worker. See `Runtime.open_timer`."""
    return HostTimer(paths, target, limits)
