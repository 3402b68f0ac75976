"""`edgekit doctor`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from edgekit.cli import options as shared

if TYPE_CHECKING:
    from edgekit.pipeline.doctor import Finding


@click.command()
@shared.json_option
def doctor(as_json: bool) -> None:
    """Show what is installed, which runtimes work, and what fixes the rest."""
    from edgekit.pipeline import doctor as pipeline

    findings = pipeline.doctor()
    if as_json:
        # In JSON the command has the name that it has had from the beginning.
        shared.echo_json([_json(finding) for finding in findings])
        return
    for finding in findings:
        shared.echo(f"{'ok  ' if finding.ok else 'MISS'} {finding.what:22} {finding.detail}")
        if finding.fix:
            shared.echo(f"     {'':22} fix: {finding.fix}")


def _json(finding: Finding) -> dict[str, str | bool]:
    plain: dict[str, str | bool] = {
        "what": finding.what,
        "ok": finding.ok,
        "detail": finding.detail,
    }
    return plain | ({"mend": finding.fix} if finding.fix else {})
