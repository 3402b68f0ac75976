"""`edgekit inspect`."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli import options as shared


@click.command()
@click.argument("file", type=shared.FILE)
@click.option(
    "--runtime", metavar="NAME[==VERSION]", help="Prepare the file in this one [default: litert]."
)
@shared.limits_options
@shared.json_option
def inspect(
    file: Path,
    runtime: str | None,
    timeout: float | None,
    memory_limit: float | None,
    as_json: bool,
) -> None:
    """Show the inside of a .tflite: tensors, operators, sizes, the runtime that it needs."""
    from edgekit.pipeline import inspect as pipeline
    from edgekit.runtimes import environments

    inspection, delegation = pipeline.inspect(
        file,
        target=environments.parse(runtime) if runtime else None,
        limits=shared.limits(timeout, memory_limit),
    )
    if as_json:
        shared.echo_json({"file": inspection, "delegation": delegation})
        return
    from edgekit.report import inspection_table as report

    report.show(inspection, delegation)
