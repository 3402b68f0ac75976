"""Samples loaded once, files run once: what `validate` measures from."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from edgekit.core.process import Progress
from edgekit.core.records import Contract, Limits, Target
from edgekit.data.samples import Samples
from edgekit.runtimes.base import SessionInfo
from edgekit.runtimes.parallel import ParallelSession

# The float file's outputs are taken on this one, whatever runtimes are asked for.
REFERENCE_TARGET = Target()


@dataclass(slots=True)
class Drawn:
    """The samples, loaded once for all files that take the same inputs."""

    source: str
    limit: int | None
    seed: int
    memory_bytes: int = Limits().memory_bytes
    _kept: tuple[tuple[object, ...], Samples] | None = None
    _hashes: Future[tuple[str, tuple[str, ...]]] | None = None

    def of(self, contract: Contract) -> Samples:
        """The samples for a file with these inputs."""
        # A quantized variant takes the same real values as its float file.
        from edgekit.data import sources

        key = tuple((i.name, i.shape, i.preprocessing) for i in contract.inputs)
        if self._kept is None or self._kept[0] != key:
            samples = sources.load(
                self.source,
                contract,
                purpose="evaluation",
                limit=self.limit,
                seed=self.seed,
                memory_bytes=self.memory_bytes,
            )
            self._kept, self._hashes = (key, samples), None
        return self._kept[1]

    def begin_hashing(self) -> Future[tuple[str, tuple[str, ...]]]:
        """Start to hash the samples last asked for, in the background."""
        if self._hashes is None:
            assert self._kept is not None
            samples = self._kept[1]
            pool = ThreadPoolExecutor(1)
            self._hashes = pool.submit(lambda: (samples.sha256, samples.digests()))
            pool.shutdown(wait=False)
        return self._hashes

    def hashes(self) -> tuple[str, tuple[str, ...]]:
        """Of the samples last asked for: of all, and of each."""
        return self.begin_hashing().result()


class Known(Protocol):
    """What files gave before."""

    def read(self, path: Path, samples: Samples) -> dict[str, np.ndarray] | None:
        """Their outputs for samples; None where that is not known."""

    def write(self, path: Path, samples: Samples, outputs: dict[str, np.ndarray]) -> None:
        """Keep what a file gave."""


class Runner:
    """Each file on each target, run once; the next one's workers start meanwhile.

    Args:
        order: What will be asked for, in order.
        jobs: Workers of each.
        limits: Of each worker.
        on_progress: Takes one line at each run.
        meanwhile: Called when a file begins to run: this process is idle then. Not before,
            since starting a worker takes all there is of a small machine.
        known: Gives what a file was found to give before, and takes what it gives now; for files
            on the reference target only.
    """

    def __init__(
        self,
        order: list[tuple[Path, Target]],
        *,
        jobs: int,
        limits: Limits,
        on_progress: Progress,
        meanwhile: Callable[[], object],
        known: Known | None = None,
    ) -> None:
        self._waiting = order
        self._jobs, self._limits = jobs, limits
        self._on_progress, self._meanwhile, self._known = on_progress, meanwhile, known
        self._open: dict[tuple[Path, Target], ParallelSession] = {}
        self._kept: dict[tuple[Path, Target], dict[str, np.ndarray]] = {}
        self._kept_for: Samples | None = None
        self._infos: dict[tuple[Path, Target], SessionInfo] = {}
        self._start_next()

    def _start_next(self) -> None:
        if self._waiting:
            path, target = self._waiting.pop(0)
            self._open[path, target] = self._session(path, target)

    def _session(self, path: Path, target: Target) -> ParallelSession:
        return ParallelSession(path, target, self._jobs, limits=self._limits)

    def outputs(self, path: Path, target: Target, samples: Samples) -> dict[str, np.ndarray]:
        """The file's outputs, kept where it is somebody's reference."""
        if samples is not self._kept_for:
            self._kept, self._kept_for = {}, samples
        if (path, target) in self._kept:
            return self._kept[path, target]
        known = (
            self._known.read(path, samples) if self._known and target == REFERENCE_TARGET else None
        )
        if known is not None:
            return self._already(path, target, known)
        if (path, target) not in self._open:
            self._waiting = [run for run in self._waiting if run != (path, target)]
            self._open[path, target] = self._session(path, target)
        session = self._open.pop((path, target))
        session.wait_until_open()
        if self._jobs < (os.cpu_count() or 1):  # else the next would slow this one down
            self._start_next()
        self._meanwhile()
        self._on_progress(f"running {path.name} on {target.label}, {len(samples)} samples")
        with session:
            outputs = session.run(samples.inputs, carried=samples.carried)
            self._infos[path, target] = session.info
        if target == REFERENCE_TARGET:
            self._kept[path, target] = outputs
            if self._known:
                self._known.write(path, samples, outputs)
        return outputs

    def _already(
        self, path: Path, target: Target, outputs: dict[str, np.ndarray]
    ) -> dict[str, np.ndarray]:
        """Outputs of an earlier run: the next file's workers start in place of this one's."""
        session = self._open.pop((path, target), None)
        if session is not None:
            session.close()
        self._waiting = [run for run in self._waiting if run != (path, target)]
        self._start_next()
        self._kept[path, target] = outputs
        return outputs

    def info(self, path: Path, target: Target) -> SessionInfo:
        """What the runtime said of a file that has run."""
        return self._infos[path, target]

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._open.values():
            session.close()
