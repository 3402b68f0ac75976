"""One file in several workers, which share the samples out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from pathlib import Path

import numpy as np

from edgekit.core.closing import Closing
from edgekit.core.process import Progress
from edgekit.core.records import Limits, Target
from edgekit.runtimes import exchange
from edgekit.runtimes.base import NOTHING, Arrays, SessionInfo
from edgekit.runtimes.local import HostSession


class ParallelSession(Closing):
    """`jobs` sessions on one file, opened in the background from the moment it is made.

    So a caller can load samples, or run another file, while these workers start. What
    opening a session raises, `run` raises.

    Args:
        path: The `.tflite` file.
        target: Where it runs; each worker uses `target.num_threads` threads.
        jobs: Worker processes.
        limits: Of each worker by itself.
    """

    def __init__(self, path: Path, target: Target, jobs: int, *, limits: Limits) -> None:
        self._pool = ThreadPoolExecutor(jobs)
        self._sessions = [self._pool.submit(HostSession, path, target, limits) for _ in range(jobs)]

    def wait_until_open(self) -> None:
        """Wait for the workers to load the file, or to fail at it."""
        wait(self._sessions)

    @property
    def info(self) -> SessionInfo:
        """What the runtime says of the file."""
        return self._sessions[0].result().info

    def run(
        self,
        inputs: Arrays,
        on_progress: Progress | None = None,
        carried: Mapping[str, str] = NOTHING,
    ) -> dict[str, np.ndarray]:
        """`Session.run` with the samples shared out over the workers; a sequence has one.

        Returns:
            The same arrays as `Session.run`, in the order of the samples.

        Raises:
            EdgekitError: What the first worker to fail raised; the others are stopped.
        """
        count = exchange.count_samples(inputs)
        jobs = 1 if carried or self.info.is_sequence else min(len(self._sessions), count)
        edges = [count * i // jobs for i in range(jobs + 1)]
        progress = _SummedProgress(jobs, count, on_progress)
        needed = 2 * sum(array.nbytes for array in inputs.values())  # outputs are not known yet
        with exchange.folder(needed) as place:
            saved = exchange.save(inputs, place)

            def work(job: int) -> dict[str, np.ndarray]:
                session = self._sessions[job].result()
                part = edges[job], edges[job + 1]
                return session.run_range(saved, place, part, progress.of(job), carried)

            parts = [self._pool.submit(work, job) for job in range(jobs)]
            done, _ = wait(parts, return_when=FIRST_EXCEPTION)
            failed = next((part for part in done if part.exception() is not None), None)
            if failed is not None:
                for session in self._sessions:
                    session.add_done_callback(_kill)
                wait(parts)
                failed.result()
            answers = [part.result() for part in parts]
        return {name: np.concatenate([a[name] for a in answers]) for name in answers[0]}

    def close(self) -> None:
        """End the workers. May be called twice."""
        for session in self._sessions:
            if not session.cancel():
                session.add_done_callback(_close)
        self._pool.shutdown(wait=False, cancel_futures=True)


def _close(opened: Future[HostSession]) -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result().close()


def _kill(opened: Future[HostSession]) -> None:
    if not opened.cancelled() and opened.exception() is None:
        opened.result().kill()


class _SummedProgress:
    """Adds up what several workers report."""

    def __init__(self, jobs: int, count: int, on_progress: Progress | None) -> None:
        self._done = [0] * jobs
        self._count = count
        self._on_progress = on_progress
        self._lock = threading.Lock()

    def of(self, job: int) -> Callable[[str], None]:
        def report(text: str) -> None:
            with self._lock:
                self._done[job] = int(text.split()[0])
                if self._on_progress:
                    self._on_progress(f"{sum(self._done)} of {self._count} samples")

        return report
