"""`edgekit demo`."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli import options as shared


@click.command()
@click.option("-o", "--output", type=shared.FILE, help="Keep the files here [default: out/demo].")
@shared.runtime_option
@click.option("--svg", type=shared.FILE, help="Also save the table as a picture.")
@shared.json_option
def demo(output: Path | None, runtimes: tuple[str, ...], svg: Path | None, as_json: bool) -> None:
    """Convert a sample model by every recipe and prove the files on two runtimes."""
    from edgekit.pipeline import demo as pipeline
    from edgekit.report import terminal

    with shared.progress() as say:
        measured, advice, remarks = pipeline.demo(
            output or Path("out/demo"), runtimes=runtimes or None, on_progress=say
        )
    shared.echo_notes([note for one in measured for note in one.notes])
    table = terminal.measurements_table(
        measured, advice, title="sample_models/digits, every recipe on every runtime"
    )
    first = next(iter(advice.values()))
    advised = f"Ship {first.ship}" if first.ship else "Nothing to ship"
    closing = [f"{advised}: {first.reason}.", f"The rule: {first.rule}.", *remarks]
    if svg:
        terminal.save_svg(table, closing, svg)
    if as_json:
        summaries = [one.summary() for one in measured]
        shared.echo_json({"measurements": summaries, "advice": advice, "remarks": remarks})
        return
    terminal.console().print(table)
    for line in closing:
        shared.echo(line)
