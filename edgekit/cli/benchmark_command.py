"""`edgekit benchmark`."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli import options as shared


@click.command()
@click.argument("files", type=shared.FILE, nargs=-1, required=True)
@shared.runtime_option
@click.option(
    "--reference",
    type=shared.FILE,
    help="The file that ratios are against [default: the float32 one of FILES, else the first].",
)
@click.option(
    "--num-threads", type=click.IntRange(min=1), help="Threads of the interpreter [default: 1]."
)
@click.option(
    "--num-runs",
    type=click.IntRange(min=2),
    help="Interleaved rounds in each process [default: 60].",
)
@click.option(
    "--warmup-runs",
    type=click.IntRange(min=0),
    help="Rounds before the clock counts [default: 10].",
)
@click.option(
    "--num-processes",
    type=click.IntRange(min=1),
    help="Fresh processes, one after another [default: 3].",
)
@shared.limits_options
@shared.json_option
def benchmark(
    files: tuple[Path, ...],
    runtimes: tuple[str, ...],
    reference: Path | None,
    num_threads: int | None,
    num_runs: int | None,
    warmup_runs: int | None,
    num_processes: int | None,
    timeout: float | None,
    memory_limit: float | None,
    as_json: bool,
) -> None:
    """Measure latency, peak memory and size; compare files by interleaved runs.

    Ratios hold on any machine; milliseconds only on this one, with these threads.
    """
    from edgekit.core.records import BenchmarkOptions
    from edgekit.pipeline import benchmark as pipeline
    from edgekit.runtimes import environments

    with shared.progress() as say:
        measured = pipeline.benchmark(
            files,
            targets=tuple(environments.parse(text) for text in runtimes or ("litert",)),
            reference=reference,
            options=shared.overlay(
                BenchmarkOptions(),
                num_threads=num_threads,
                num_runs=num_runs,
                warmup_runs=warmup_runs,
                num_processes=num_processes,
            ),
            limits=shared.limits(timeout, memory_limit),
            on_progress=say,
        )
    shared.echo_notes([note for one in measured for note in one.notes])
    if as_json:
        shared.echo_json([one.summary() for one in measured])
        return
    from edgekit.report import terminal

    terminal.console().print(terminal.measurements_table(measured))
