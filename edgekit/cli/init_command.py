"""`edgekit init`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from edgekit.cli import options as shared

if TYPE_CHECKING:
    from edgekit.pipeline.init.init import Initialised


@click.command()
@click.argument("model", type=shared.FILE)
@click.option(
    "-o",
    "--output",
    type=shared.FILE,
    help="The file to write [default: edgekit.toml beside the model].",
)
@click.option(
    "-d",
    "--data",
    metavar="DATA",
    help="Samples: .npz, .csv, a folder by class, or module:function [default: what lies beside "
    "the model and feeds it].",
)
@click.option("--name", help="First part of converted files' names [default: the model's own].")
@click.option("--custom-objects", metavar="MODULE:NAME", help="Code of the model's own layers.")
@click.option(
    "--unsafe",
    is_flag=True,
    help="Allow a model that runs code of its own while loading (Lambda layers).",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.option(
    "--measure/--no-measure",
    default=True,
    help="Whether to convert and measure what is advised; without, limits follow from the number "
    "of samples alone [default: measure].",
)
@shared.limits_options
@shared.json_option
def init(
    model: Path,
    output: Path | None,
    data: str | None,
    name: str | None,
    custom_objects: str | None,
    unsafe: bool,
    force: bool,
    measure: bool,
    timeout: float | None,
    memory_limit: float | None,
    as_json: bool,
) -> None:
    """Write an edgekit.toml with comments, whose gate passes, and its baseline.

    MODEL is anything that convert takes. What is certain is written; what only you can decide
    stands there switched off, with the choices explained. What is advised is converted and
    measured first, and rules ask for what that holds; the gate finds it in its cache.
    """
    from edgekit.pipeline.init.init import InitOptions
    from edgekit.pipeline.init.init import init as write_project

    with shared.progress() as say:
        made = write_project(
            model,
            output=output,
            data=data,
            force=force,
            options=InitOptions(
                name=name, custom_objects=custom_objects, unsafe=unsafe, measure=measure
            ),
            limits=shared.limits(timeout, memory_limit),
            on_progress=say,
        )
    shared.echo_notes(list(made.notes))
    if as_json:
        shared.echo_json(made)
        return
    for line in lines(made):
        shared.echo(line)


def lines(made: Initialised) -> list[str]:
    """What was found, what is left to decide, and what to type next."""
    inputs = ", ".join(f"{spec.name} {_shape(spec.shape)}" for spec in made.contract.inputs)
    outputs = ", ".join(
        f"{spec.name} {_shape(spec.shape)}"
        + (f" with {len(spec.labels)} labels" if spec.labels else "")
        for spec in made.contract.outputs
    )
    samples = f"{made.num_samples:,} samples {'with' if made.labelled else 'without'} labels"
    summary = {
        "model": f"{made.model}, {made.written_by}",
        "inputs": inputs,
        "outputs": outputs,
        "data": f"{made.data}: {samples}" if made.data else "none found",
        "recipes": ", ".join(made.recipes),
        "metric": made.metric or "none yet",
    }
    measured = ["", "Measured:", *(f"  {line}" for line in made.measured)]
    left = ["", "Left to you, in the file:", *(f"  {line}" for line in made.left)]
    return [
        f"Wrote {made.path}" + f" and {made.baseline}" * bool(made.baseline),
        *(f"  {what:<8} {text}" for what, text in summary.items()),
        *(measured if made.measured else []),
        *(left if made.left else []),
        "",
        "Next:",
        *(f"  {line}" for line in made.next_commands),
    ]


def _shape(shape: tuple[int, ...]) -> str:
    return "x".join("?" if size == -1 else str(size) for size in shape[1:]) or "of one value"
