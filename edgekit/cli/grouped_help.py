"""A command whose help shows its options under headings, not in one long list."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

# All groups have one column of this width; click breaks the line behind a longer option.
_WIDTH = 30


class GroupedCommand(click.Command):
    """A `click.Command` whose options are listed by group.

    Args:
        groups: Names of parameters by heading, in the order in which they are shown. Options that
            are in none, as `--help`, end the last one.
    """

    def __init__(self, *args: Any, groups: Mapping[str, Sequence[str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.groups = groups

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a section for each group."""
        rows = {
            param.name: row
            for param in self.get_params(ctx)
            if isinstance(param, click.Option) and (row := param.get_help_record(ctx))
        }
        sections = {
            title: [rows.pop(name) for name in names] for title, names in self.groups.items()
        }
        sections[next(reversed(sections))] += rows.values()
        for title, section in sections.items():
            with formatter.section(title):
                aligned = [(spelled.ljust(_WIDTH), text) for spelled, text in section]
                formatter.write_dl(aligned, col_max=_WIDTH)
