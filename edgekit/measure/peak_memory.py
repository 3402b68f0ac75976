"""Peak memory: what a process that only loads and runs one file ever holds."""

from __future__ import annotations

from pathlib import Path

from edgekit.core.records import Limits, Metric, Target
from edgekit.measure.latency import OpenTimer


def peak_memory(path: Path, target: Target, *, open_timer: OpenTimer, limits: Limits) -> Metric:
    """`peak_rss_bytes` of a fresh process that loads `path` and runs it once.

    It includes Python, NumPy and the runtime (about 45 MB for LiteRT), so differences
    between files mean more than the value.

    Args:
        path: The `.tflite` file.
        target: Where it runs.
        open_timer: `Runtime.open_timer` of the target's runtime.
        limits: Of the process.

    Raises:
        RunError: The file cannot run, crashed, or passed a limit.
    """
    timer = open_timer([path], target, limits=limits)
    try:
        timer.time(warmup_runs=0, num_runs=1, min_seconds=0.0, seed=0)
        peak = timer.peak_rss_bytes()
    finally:
        timer.close()
    return Metric(name="peak_rss_bytes", value=float(peak), unit="bytes", better="lower")
