"""Samples loaded once, files run once: what `validate` measures from."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edgekit.data.samples import Samples
from edgekit.process import Progress
from edgekit.records import Contract, Limits, Target
from edgekit.runtimes.parallel import ParallelSession

# The float file's outputs are taken on this one, whatever runtimes are asked for.
REFERENCE_TARGET = Target()


@dataclass(slots=True)
class Drawn:
    """The samples, loaded once for all files that take the same inputs."""

    source: str
    limit: int | None
    seed: int
    _kept: tuple[tuple[object, ...], Samples] | None = None
    _hashes: Future[tuple[str, tuple[str, ...]]] | None = None

    def of(self, contract: Contract) -> Samples:
        """The samples for a file with these inputs."""
        # A quantized variant takes the same real values as its float file.
        from edgekit.data import sources

        key = tuple((i.name, i.shape, i.preprocessing) for i in contract.inputs)
        if self._kept is None or self._kept[0] != key:
            samples = sources.load(
                self.source, contract, purpose="evaluation", limit=self.limit, seed=self.seed
            )
            self._kept = (key, samples)
            pool = ThreadPoolExecutor(1)
            self._hashes = pool.submit(lambda: (samples.sha256, samples.digests()))
            pool.shutdown(wait=False)
        return self._kept[1]

    def hashes(self) -> tuple[str, tuple[str, ...]]:
        """Of the samples last asked for: of all, and of each. Computed while files run."""
        assert self._hashes is not None
        return self._hashes.result()


class Runs:
    """Each file on each target, run once; the next one's workers start meanwhile."""

    def __init__(
        self,
        order: list[tuple[Path, Target]],
        jobs: int,
        limits: Limits,
        on_progress: Progress,
    ) -> None:
        self._waiting = order
        self._jobs, self._limits, self._on_progress = jobs, limits, on_progress
        self._open: dict[tuple[Path, Target], ParallelSession] = {}
        self._kept: dict[tuple[Path, Target], dict[str, np.ndarray]] = {}
        self._kept_for: Samples | None = None
        self._start_next()

    def _start_next(self) -> None:
        if self._waiting:
            path, target = self._waiting.pop(0)
            self._open[path, target] = ParallelSession(
                path, target, self._jobs, limits=self._limits
            )

    def outputs(self, path: Path, target: Target, samples: Samples) -> dict[str, np.ndarray]:
        """The file's outputs, kept where it is somebody's reference."""
        if samples is not self._kept_for:
            self._kept, self._kept_for = {}, samples
        if (path, target) in self._kept:
            return self._kept[path, target]
        session = self._open.pop((path, target), None) or ParallelSession(
            path, target, self._jobs, limits=self._limits
        )
        self._start_next()
        self._on_progress(f"running {path.name} on {target.label}, {len(samples)} samples")
        with session:
            outputs = session.run(samples.inputs)
        if target == REFERENCE_TARGET:
            self._kept[path, target] = outputs
        return outputs

    def __enter__(self) -> Runs:
        return self

    def __exit__(self, *_: object) -> None:
        for session in self._open.values():
            session.close()
