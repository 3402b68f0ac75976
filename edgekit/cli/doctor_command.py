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
        from edgekit.core import serde

        # In JSON the command has the name that it has had from the beginning.
        plain = [serde.to_dict(finding) for finding in findings]
        shared.echo_json([{"mend" if k == "fix" else k: one[k] for k in one} for one in plain])
        return
    for finding in findings:
        shared.echo(f"{'ok  ' if finding.ok else 'MISS'} {finding.what:22} {finding.detail}")
        if finding.fix:
            shared.echo(f"     {'':22} fix: {finding.fix}")
