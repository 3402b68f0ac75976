"""`edgekit bundle`."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgekit.cli import options as shared

if TYPE_CHECKING:
    from edgekit.core.bundle_record import Bundle, ColumnError, Tolerance, Trial


@click.command()
@click.argument("files", type=shared.FILE, nargs=-1, required=True)
@click.option("--android", type=shared.FILE, metavar="DIR", help="An Android library module.")
@click.option("--ios", type=shared.FILE, metavar="DIR", help="A Swift package.")
@click.option("--c", type=shared.FILE, metavar="DIR", help="C for TFLite Micro.")
@click.option("--python", type=shared.FILE, metavar="DIR", help="A Python package.")
@click.option("--name", help="What the model is called in code [default: the files' name].")
@click.option("--force", is_flag=True, help="Replace bundles that are there; take wrecked files.")
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
    """Make what an app drops in: model, contract, code, self-test.

    FILES are .tflite files that edgekit convert wrote, variants of one model.
    """
    from edgekit.pipeline.bundle.bundle import bundle as make_bundle

    given = {"android": android, "ios": ios, "c": c, "python": python}
    destinations = {platform: path for platform, path in given.items() if path is not None}
    with shared.progress() as say:
        made = make_bundle(
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
    for line in self_test_lines(made):
        shared.echo(line)


def self_test_lines(made: Bundle) -> Iterator[str]:
    """What the self-tests allow, and what that was measured on."""
    for model in made.models:
        for tensor in model.golden.tensors:
            allowed = tensor.tolerance
            if allowed is None:
                continue
            agreement = (
                "" if allowed.agreement is None else f", agreement at least {allowed.agreement:.3g}"
            )
            parts: dict[str, Tolerance | ColumnError] = {
                f", columns {one.start} to {one.stop - 1}": one for one in allowed.columns
            }
            for columns, one in (parts or {"": allowed}).items():
                yield (
                    f"self-test of {model.variant}, {tensor.name}{columns}: worst difference "
                    f"{one.worst:.3g}, root mean square {one.rms:.3g}{agreement}"
                )
        for trial in model.golden.trials:
            yield f"  {trial.runtime} {trial.version}, {trial.kernels} kernels: {_outcome(trial)}"


def _outcome(trial: Trial) -> str:
    if trial.left_out is not None:
        return f"left out: {trial.left_out}"
    worst = max((one.worst for one in trial.differences), default=0.0)
    tops = [one.agreement for one in trial.differences if one.agreement is not None]
    agreement = f", agreement {min(tops):.3g}" if tops else ""
    return f"worst difference {worst:.3g}{agreement}"
