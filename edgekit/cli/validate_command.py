"""`edgekit validate`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgekit.cli import options as shared

if TYPE_CHECKING:
    from edgekit.core.project import Project
    from edgekit.core.records import Measurement


@click.command()
@click.argument("files", type=shared.FILE, nargs=-1, required=True)
@click.option(
    "-d",
    "--data",
    metavar="DATA",
    help="Evaluation samples: .npz, .csv, a folder by class, or module:function.",
)
@shared.runtime_option
@click.option(
    "-m",
    "--metric",
    "metrics",
    metavar="NAME",
    multiple=True,
    help="top1_accuracy, top5_accuracy, mae, rmse, auc or module:function; NAME@OUTPUT of a "
    "model with several outputs; may be given several times [default: by the labels].",
)
@click.option(
    "--reference",
    type=shared.FILE,
    help="The float file to compare with [default: the one beside each file].",
)
@click.option("--limit", type=click.IntRange(min=1), help="Draw that many samples [default: all].")
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    help="Seed of the draw [default: edgekit.toml's, else 0].",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Worker processes that share the samples [default: 1].",
)
@click.option(
    "--layers", is_flag=True, help="Also show the error of each operator, by source layer."
)
@click.option(
    "--overlay",
    type=shared.FILE,
    help="Write the layers' local errors for Google's Model Explorer; implies --layers.",
)
@click.option("--force", is_flag=True, help="Replace an existing overlay.")
@shared.project_option
@shared.limits_options
@shared.json_option
def validate(
    files: tuple[Path, ...],
    data: str | None,
    runtimes: tuple[str, ...],
    metrics: tuple[str, ...],
    reference: Path | None,
    limit: int | None,
    seed: int | None,
    jobs: int | None,
    layers: bool,
    overlay: Path | None,
    force: bool,
    project: Path | None,
    timeout: float | None,
    memory_limit: float | None,
    as_json: bool,
) -> None:
    """Measure accuracy, and fidelity to the float file, on each runtime.

    FILES are .tflite files. Intervals are 95 %.
    """
    if overlay:
        check_overlay(overlay, files, force)
    from edgekit.core import project as projects
    from edgekit.pipeline import validate as pipeline
    from edgekit.runtimes import environments

    described = projects.load(project) if project else projects.find(files[0])
    with shared.progress() as say:
        measured = pipeline.validate(
            files,
            data=data or evaluation_data(described),
            targets=tuple(environments.parse(text) for text in runtimes or ("litert",)),
            metric=metrics or described.metric,
            options=pipeline.ValidateOptions(
                reference=reference,
                limit=limit,
                seed=seed if seed is not None else described.data.seed,
                jobs=jobs or 1,
                layers=layers or overlay is not None,
                project=described,
            ),
            limits=shared.limits(timeout, memory_limit),
            on_progress=say,
        )
    shared.echo_notes([note for one in measured for note in one.notes])
    if as_json:
        shared.echo_json([one.summary() for one in measured])
    else:
        print_tables(measured)
    if overlay:
        _write_overlay(overlay, measured[0], files[0])
    _end_with_failures(measured)


def print_tables(measured: Sequence[Measurement]) -> None:
    """What was measured of each file, then its operators' errors where they were asked for."""
    from edgekit.report import layer_table, terminal

    out = terminal.console()
    out.print(terminal.measurements_table(measured))
    for one in measured:
        if one.layers:
            out.print(layer_table.layers_table(one))
            for line in layer_table.blame_lines(one):
                out.print(line, soft_wrap=True, highlight=False)


def _write_overlay(overlay: Path, measured: Measurement, file: Path) -> None:
    from edgekit.core import serde
    from edgekit.pipeline.convert.layer_report import graph_name
    from edgekit.report.model_explorer import overlay_text

    serde.write_atomic(overlay, overlay_text(measured.layers, graph_name(file)))


def _end_with_failures(measured: Sequence[Measurement]) -> None:
    """Say which file a runtime cannot run, and end the command by that."""
    from edgekit.core.errors import EXIT_USAGE

    failed = [one for one in measured if one.failure]
    for one in failed:
        shared.echo(f"Error: {one.artifact} on {one.target.label}: {one.failure}", err=True)
    if failed:
        raise click.exceptions.Exit(EXIT_USAGE)


def check_overlay(overlay: Path, files: tuple[Path, ...], force: bool) -> None:
    """Refuse an overlay that could not be written at the end.

    Raises:
        UsageError: Several files, or it exists and nobody said --force.
    """
    from edgekit.core.errors import UsageError

    if len(files) > 1:
        raise UsageError(
            "--overlay cannot be used with several files.",
            received=f"{len(files)} files",
            hint="name one; Model Explorer draws an overlay over one model.",
        )
    if overlay.exists() and not (force and overlay.is_file()):
        raise UsageError(
            "The output exists already.",
            received=str(overlay),
            hint="add --force, or choose another name.",
        )


def evaluation_data(project: Project) -> str:
    """The project's evaluation data.

    Raises:
        UsageError: It names none, and --data was not given.
    """
    from edgekit.core.errors import UsageError

    if project.data.evaluation is None:
        raise UsageError(
            "validate needs evaluation samples.",
            received="no --data, and "
            + (f"{project.file} names none." if project.file else "there is no edgekit.toml."),
            hint="pass --data DATA.npz (arrays named as the model's inputs, or x; labels y).",
        )
    return project.resolve(project.data.evaluation)
