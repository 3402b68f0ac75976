"""A quick look at latency: enough to say whether a file is slower or faster than float."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from edgekit.core.errors import RunError
from edgekit.core.process import Progress, silent
from edgekit.core.records import Artifact, BenchmarkOptions, Limits, Metric, Target
from edgekit.measure import latency
from edgekit.runtimes import local

# One process and a few rounds: `edgekit benchmark` takes its time.
_OPTIONS = BenchmarkOptions(warmup_runs=1, num_runs=9, num_processes=1, min_seconds=0.0)


def against_float(
    artifacts: Sequence[Artifact], *, limits: Limits | None = None, on_progress: Progress = silent
) -> dict[str, Metric]:
    """How long files take against the float file, on LiteRT with one thread.

    Files with int16 activations are left out: they are not for CPUs, and take long.

    Args:
        artifacts: What `convert` returned: the float file first.
        limits: Of the process.
        on_progress: Takes one line.

    Returns:
        Latency as a multiple of float's, with its interval, by the recipe's label; nothing where
        a file cannot be timed.
    """
    files = [
        a for a in artifacts if a.recipe.quantize is None or a.recipe.quantize.activation_bits != 16
    ]
    if len(files) < 2:
        return {}
    try:
        timed = latency.benchmark(
            [Path(artifact.path) for artifact in files],
            Target(),
            _OPTIONS,
            open_timer=local.open_timer,
            limits=limits or Limits(),
            on_progress=on_progress,
        )
    except RunError:  # the files are written and right; how fast they are is another matter
        return {}
    return {a.recipe.label: ratio for a, ratio in zip(files[1:], timed.ratios, strict=True)}
