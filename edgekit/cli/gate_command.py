"""`edgekit gate`."""

from __future__ import annotations

from pathlib import Path

import click

from edgekit.cli import options as shared


@click.command()
@click.option(
    "--project",
    type=shared.FILE,
    help="The edgekit.toml, or its folder [default: the current folder].",
)
@click.option(
    "--update-baseline",
    is_flag=True,
    help="Show what is measured now beside the old baseline, and write it unless it is worse.",
)
@click.option(
    "--accept",
    multiple=True,
    metavar="contract|worse",
    help="Take a changed contract, or a loss against the baseline that rules forbid; repeatable.",
)
@click.option(
    "--inconclusive",
    type=click.Choice(["exit3", "pass", "fail"]),
    help="What it means when samples tell neither way [default: exit3].",
)
@click.option("-o", "--output", type=shared.FILE, help="Also copy the judged files to this folder.")
@click.option("--markdown", type=shared.FILE, help="Write a summary for a pull request.")
@click.option("--junit", type=shared.FILE, help="Write JUnit XML.")
@click.option(
    "--fresh", is_flag=True, help="Convert, run and time everything again, cached or not."
)
@click.option(
    "--unsafe", is_flag=True, help="Allow models that run code while loading (Lambda layers)."
)
@click.option(
    "--schema", is_flag=True, is_eager=True, help="Print the JSON Schema of --json's output."
)
@shared.limits_options
@shared.json_option
def gate(
    project: Path | None,
    update_baseline: bool,
    accept: tuple[str, ...],
    inconclusive: str | None,
    output: Path | None,
    markdown: Path | None,
    junit: Path | None,
    fresh: bool,
    unsafe: bool,
    schema: bool,
    timeout: float | None,
    memory_limit: float | None,
    as_json: bool,
) -> None:
    """Stop a model that got worse, larger or slower, by the rules of edgekit.toml.

    Converts what changed, measures it, and judges. Labels, preprocessing, names, types and
    calibration data must be those of the baseline. Exit codes: 0 passed, 1 failed, 2 could not
    judge, 3 inconclusive.
    """
    if schema:
        _print_schema()
        return
    from edgekit.core import serde
    from edgekit.core.gate_rules import GateOptions, OnInconclusive
    from edgekit.pipeline.gate.gate import gate as run_gate
    from edgekit.report import gate_table as report

    policy: OnInconclusive = inconclusive or "exit3"  # type: ignore[assignment]  # click checked it
    with shared.progress() as say:
        result = run_gate(
            project or Path(),
            update_baseline=update_baseline,
            on_inconclusive=policy,
            output=output,
            options=GateOptions(fresh=fresh, unsafe=unsafe, accept=accept),
            limits=shared.limits(timeout, memory_limit),
            on_progress=say,
        )
    if markdown:
        from edgekit.report.gate_markdown import markdown as markdown_text

        serde.write_atomic(markdown, markdown_text(result))
    if junit:
        from edgekit.report.junit import junit_xml

        serde.write_atomic(junit, junit_xml(result, policy))
    if as_json:
        shared.echo_notes(list(result.notes))
        shared.echo_json(result)
    else:
        report.show(result)
    raise click.exceptions.Exit(result.exit_code)


def _print_schema() -> None:
    from edgekit.core import schema
    from edgekit.core.gate_rules import GateResult

    shared.echo_json(schema.schema(GateResult))
