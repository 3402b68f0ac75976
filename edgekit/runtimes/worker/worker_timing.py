"""Several files timed against each other, and the memory that they took."""

from __future__ import annotations

import gc
import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from .worker_model import Model, Report

_SHORT_NS = 50_000  # below this, one timing covers several invokes ...
_WINDOW_NS = 200_000  # ... of together about this long
_MAX_ROUNDS = 20_000


@dataclass(frozen=True)
class Time:
    """Time several files against each other.

    `inputs` names `.npy` files of which the first sample is fed; without them values are random.
    """

    handles: tuple[int, ...]
    warmup: int
    rounds: int
    min_seconds: float
    seed: int
    inputs: dict[str, str]


@dataclass(frozen=True)
class Timed:
    """How long files took.

    `invokes` has one number a file; `nanoseconds` for each file the whole time of each round's
    `invokes` invocations.
    """

    invokes: tuple[int, ...]
    nanoseconds: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Memory:
    """The most resident memory so far, in bytes."""


def time_models(models: list[Model], request: Time, report: Report) -> Timed:
    """Time `invoke()` of every model, interleaved, in a random order each round.

    A model faster than 50 us is invoked several times in a row for each timing, about
    200 us together, so that the clock's own cost does not count; `invokes` says how often.
    Rounds go on until both `rounds` and `min_seconds` are reached (at most 20,000 rounds).
    """
    rng = np.random.default_rng(request.seed)
    for model in models:
        model.fill(request.inputs, np.random.default_rng(request.seed))
    clock = time.perf_counter_ns
    invokes = []
    for model in models:
        fastest = 1 << 62
        for _ in range(max(1, request.warmup)):
            begun = clock()
            model.check()
            fastest = min(fastest, max(1, clock() - begun))
        invokes.append(-(-_WINDOW_NS // fastest) if fastest < _SHORT_NS else 1)
    times: list[list[int]] = [[] for _ in models]
    started = reported = time.monotonic()
    gc.collect()
    gc.disable()
    try:
        rounds = 0
        while rounds < request.rounds or (
            rounds < _MAX_ROUNDS and time.monotonic() - started < request.min_seconds
        ):
            for which in rng.permutation(len(models)).tolist():
                invoke, repeats = models[which].invoke, range(invokes[which])
                begun = clock()
                for _ in repeats:
                    invoke()
                times[which].append(clock() - begun)
            rounds += 1
            if time.monotonic() - reported > 1.0:
                reported = time.monotonic()
                report(f"{rounds} rounds timed")
    finally:
        gc.enable()
    return Timed(tuple(invokes), tuple(map(tuple, times)))


def peak_rss_bytes() -> int:
    """Most resident memory that this process ever held, in bytes.

    On Linux from VmHWM: `ru_maxrss` there starts at the parent's size, which a child
    inherits across exec.
    """
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    if sys.platform == "win32":
        import psutil

        return int(psutil.Process().memory_info().peak_wset)
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
