"""`edgekit bundle`."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli import options as shared


@click.command()
@click.argument("files", type=shared.FILE, nargs=-1, required=True)
@click.option("--android", type=shared.FILE, metavar="DIR", help="An Android library module.")
@click.option("--ios", type=shared.FILE, metavar="DIR", help="A Swift package.")
@click.option("--c", type=shared.FILE, metavar="DIR", help="C for TFLite Micro.")
@click.option("--python", type=shared.FILE, metavar="DIR", help="A Python package.")
@click.option("--name", help="What the model is called in code [default: the files' name].")
@click.option("--force", is_flag=True, help="Replace bundles that are there.")
@shared.limits_options
@shared.json_option
def bundle(
    files: tuple[Path, ...],
    android: Path | None,
    ios: Path | None,
    c: Path | None,
    python: Path | None,
    name: str | None,
    force: bool,
    timeout: float | None,
    memory_limit: float | None,
    as_json: bool,
) -> None:
    """Turn converted files into what an app drops in: model, contract, code, self-test.

    FILES are .tflite files of `edgekit convert`, variants of one model.
    """
    from edgekit.pipeline import bundle as pipeline

    given = {"android": android, "ios": ios, "c": c, "python": python}
    destinations = {platform: path for platform, path in given.items() if path is not None}
    with shared.progress() as say:
        made = pipeline.bundle(
            files,
            destinations,
            name=name,
            force=force,
            limits=shared.limits(timeout, memory_limit),
            on_progress=say,
        )
    if as_json:
        shared.echo_json(made)
        return
    for platform, path in destinations.items():
        shared.echo(f"{platform}: {path}")
