"""How much to prune for a latency: measured, because removed work is not removed time."""

from __future__ import annotations

from dataclasses import replace

from edgekit.compress.compress_messages import PRUNE_BY_SPARSITY, KerasSource, SparsitiesRequest
from edgekit.core import onednn
from edgekit.core.errors import UsageError
from edgekit.core.records import BenchmarkOptions, Pruning, Target
from edgekit.measure import latency
from edgekit.pipeline.convert.job import Job
from edgekit.runtimes import local

_SPARSITIES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
# Enough rounds to tell sparsities a tenth apart; the finished file is timed again.
_ROUNDS = BenchmarkOptions(warmup_runs=2, num_runs=30, num_processes=1, min_seconds=0.0)


def sparsity(job: Job, source: KerasSource, pruning: Pruning, to_latency: float) -> Pruning:
    """The same pruning with the least sparsity that takes the asked fraction of float's time.

    Which channels go does not matter for time, so at each sparsity the model is pruned by the
    norms of its weights, exported, and timed beside the original.

    Args:
        job: Limits, and the original's float file.
        source: The model.
        pruning: How; its target is replaced.
        to_latency: A fraction of the float file's time.

    Raises:
        UsageError: The most that can be removed takes longer than that.
    """
    pruned = onednn.call(
        PRUNE_BY_SPARSITY,
        SparsitiesRequest(
            source=source,
            pruning=replace(pruning, to_latency=None, importance="l1"),
            sparsities=_SPARSITIES,
            seed=job.options.seed,
            folder=job.work,
        ),
        name="The pruner",
        limits=job.options.limits,
        on_progress=job.on_progress,
        restart=True,
        notes=job.notes,
        writable=[job.work],
        own_code=job.own_code,
    ).files
    timed = latency.benchmark(
        [job.original, *(file.path for file in pruned)],
        Target(),
        _ROUNDS,
        open_timer=local.open_timer,
        limits=job.options.limits,
        on_progress=job.on_progress,
    )
    ratios = [metric.value for metric in timed.ratios]
    for file, ratio in zip(pruned, ratios, strict=True):
        if ratio <= to_latency:
            job.on_progress(f"pruning {file.sparsity:.2f} of the channels takes {ratio:.2f}x")
            return replace(pruning, to_latency=None, sparsity=file.sparsity)
    raise UsageError(
        f"No sparsity takes {to_latency:g} of the float file's time on this machine.",
        received=f"at best {min(ratios):.2f}x, with {pruned[-1].sparsity:g} of the channels gone",
        hint="allow more, or quantize too: --recipe static_wi8_ai8.",
    )
