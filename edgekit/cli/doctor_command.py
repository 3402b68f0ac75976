"""`edgekit doctor`."""

from __future__ import annotations

import click

from edgekit.cli import options as shared


@click.command()
@shared.json_option
def doctor(as_json: bool) -> None:
    """Show what is installed, which runtimes work, and what fixes the rest."""
    from edgekit.pipeline import doctor as pipeline

    findings = pipeline.doctor()
    if as_json:
        shared.echo_json(findings)
        return
    for finding in findings:
        shared.echo(f"{'ok  ' if finding.ok else 'MISS'} {finding.what:22} {finding.detail}")
        if finding.mend:
            shared.echo(f"     {'':22} fix: {finding.mend}")
