"""Every verb's help, as a terminal of 80 columns shows it."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest

from edgekit.cli.grouped_help import GroupedCommand
from edgekit.cli.main import cli
from edgekit.core import recipes

README = Path(__file__).parents[2] / "README.md"


def commands(group: click.Group, *above: str) -> dict[str, tuple[click.Command, click.Context]]:
    """The group itself and every command below it, by what one types."""
    context = click.Context(group, info_name=" ".join(("edgekit", *above)))
    found: dict[str, tuple[click.Command, click.Context]] = {" ".join(above): (group, context)}
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            found |= commands(command, *above, name)
        else:
            place = (*above, name)
            found[" ".join(place)] = (command, click.Context(command, info_name=" ".join(place)))
    return found


COMMANDS = commands(cli)


def help_of(verb: str) -> str:
    command, context = COMMANDS[verb]
    context.terminal_width = 80
    context.help_option_names = ["-h", "--help"]
    return command.get_help(context)


def test_every_verb_is_read() -> None:
    assert {"convert", "gate", "runtime add", "runtime remove"} <= set(COMMANDS)
    assert len(COMMANDS) >= 14


@pytest.mark.parametrize("verb", COMMANDS)
def test_help_reads_well_at_80_columns(verb: str) -> None:
    for line in help_of(verb).splitlines():
        assert len(line) <= 80, line
        assert line.isprintable() and "\\" not in line, line
        assert not re.search(r"[`*]|\w-$", line), line  # markup, or a word cut at its hyphen


@pytest.mark.parametrize("verb", COMMANDS)
def test_every_option_says_what_it_does(verb: str) -> None:
    command, context = COMMANDS[verb]
    text = help_of(verb)
    for param in command.get_params(context):
        if isinstance(param, click.Option):
            assert param.help, param.name
            assert text.count(f"{max(param.opts, key=len)} ") >= 1, param.name


@pytest.mark.parametrize(
    "verb", [verb for verb, (one, _) in COMMANDS.items() if isinstance(one, GroupedCommand)]
)
def test_each_option_stands_in_one_group(verb: str) -> None:
    command, _ = COMMANDS[verb]
    assert isinstance(command, GroupedCommand)
    grouped = [name for names in command.groups.values() for name in names]
    assert sorted(grouped) == sorted(
        str(param.name) for param in command.params if isinstance(param, click.Option)
    )
    text = help_of(verb)
    places = [text.index(f"\n{title}:\n") for title in command.groups]
    assert places == sorted(places)


def test_recipes_are_a_table_a_line_or_two_each() -> None:
    text = help_of("convert")
    table = text[text.index("\nRecipes:\n") : text.index("\nWhat to make:\n")].splitlines()[2:]
    column = 2 + max(map(len, recipes.RECIPES)) + 2
    names = [line[2 : column - 2].strip() for line in table]
    assert [name for name in names if name] == list(recipes.RECIPES)
    assert all(line[column - 2 : column] == "  " and line[column] != " " for line in table if line)


def test_readme_lists_the_recipes_that_there_are() -> None:
    assert recipes.markdown_table() in README.read_text(encoding="utf-8")
