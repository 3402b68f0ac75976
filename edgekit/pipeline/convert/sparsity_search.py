"""How much to prune for a latency: measured, because removed work is not removed time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from edgekit.core import onednn, serde
from edgekit.core.errors import UsageError
from edgekit.core.process import Progress
from edgekit.core.records import BenchmarkOptions, ConvertOptions, Pruning, Target
from edgekit.measure import latency
from edgekit.runtimes import local

_RUNGS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# Enough rounds to tell rungs of a tenth apart; the finished file is timed again.
_ROUNDS = BenchmarkOptions(warmup_runs=2, num_runs=30, num_processes=1, min_seconds=0.0)


def sparsity(
    pruning: Pruning,
    request: Mapping[str, Any],
    original: Path,
    work: Path,
    *,
    options: ConvertOptions,
    own_code: bool,
    notes: list[str],
    on_progress: Progress,
) -> Pruning:
    """The same pruning with the least sparsity that takes the asked fraction of float's time.

    Which channels go does not matter for time, so each rung is pruned by the norms of its
    weights, exported, and timed beside the original.

    Args:
        pruning: With `to_latency`.
        request: Of the pruner: the model, its contract, and what it may run.
        original: The float file of the original model.
        work: Where the rungs' files go.
        options: Limits.
        own_code: Whether the model runs code of the person's own.
        notes: Gets what is to be said of it.
        on_progress: Takes one line at each step.

    Raises:
        UsageError: The most that can be removed takes longer than that.
    """
    made = onednn.call(
        "edgekit.compress.compress:rungs",
        {
            **request,
            "prune": serde.to_dict(replace(pruning, to_latency=None, importance="l1")),
            "sparsities": _RUNGS,
            "folder": str(work),
        },
        name="The pruner",
        limits=options.limits,
        on_progress=on_progress,
        restart=True,
        notes=notes,
        writable=[work],
        own_code=own_code,
    )
    rungs = made["rungs"]
    found = latency.benchmark(
        [original, *(Path(rung["path"]) for rung in rungs)],
        Target(),
        _ROUNDS,
        open_timer=local.open_timer,
        limits=options.limits,
        on_progress=on_progress,
    )
    ratios = [
        next(metric.value for metric in metrics if metric.name == "latency_ratio")
        for metrics in found.files[1:]
    ]
    assert pruning.to_latency is not None
    for rung, ratio in zip(rungs, ratios, strict=True):
        if ratio <= pruning.to_latency:
            on_progress(f"pruning {rung['sparsity']:.2f} of the channels takes {ratio:.2f}x")
            return replace(pruning, to_latency=None, sparsity=rung["sparsity"])
    raise UsageError(
        f"No sparsity takes {pruning.to_latency:g} of the float file's time on this machine.",
        received=f"at best {min(ratios):.2f}x, with {rungs[-1]['sparsity']:g} of the channels gone",
        hint="allow more, or quantize too: --recipe static_wi8_ai8.",
    )
