"""Options and output that several verbs share.

Options default to None and overlay a record, so that each default exists once, in
`records`.
"""

from __future__ import annotations

import functools
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from edgekit.core.text import printable, without_commands

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

    from edgekit.core.records import Limits

F = TypeVar("F", bound=Callable[..., object])
R = TypeVar("R", bound="DataclassInstance")

FILE = click.Path(path_type=Path)


def as_record(kind: type[R], keyword: str) -> Callable[[F], F]:
    """Options named as the fields of `kind` reach the command as one record, `keyword`."""

    def decorate(function: F) -> F:
        @functools.wraps(function)
        def command(**given: object) -> object:
            names = [field.name for field in fields(kind)]
            record = kind(**{name: given.pop(name) for name in names})
            return function(**given, **{keyword: record})

        return command  # type: ignore[return-value]  # takes the options that click gives it

    return decorate


def json_option(function: F) -> F:
    """`--json`: the result on standard output, as JSON, and nothing else there."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(
        function
    )


def limits_options(function: F) -> F:
    """`--timeout` and `--memory-limit` for the processes that handle models."""
    function = click.option(
        "--memory-limit",
        type=click.FloatRange(min=0.05),
        metavar="GIB",
        help="Stop a process that handles a model above this much memory.",
    )(function)
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0, min_open=True),
        metavar="SECONDS",
        help="Stop a process that handles a model after this time.",
    )(function)


def project_option(function: F) -> F:
    """`--project`: another `edgekit.toml` than the one beside the model."""
    return click.option(
        "--project", type=FILE, help="The edgekit.toml to use [default: the one beside the model]."
    )(function)


def runtime_option(function: F) -> F:
    """`--runtime`, any number of times."""
    return click.option(
        "--runtime",
        "runtimes",
        multiple=True,
        metavar="NAME[==VERSION]",
        help="litert (default), tflite-runtime==2.14.0, any litert==VERSION; repeatable.",
    )(function)


class _Size(click.ParamType):  # type: ignore[type-arg]  # generic in newer releases only
    """Bytes, or a number with a unit."""

    name = "size"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """`400kB` as 400,000."""
        from edgekit.core.format import parse_bytes

        try:
            return parse_bytes(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SIZE = _Size()


def limits(timeout: float | None, memory_limit: float | None) -> Limits:
    """The limits that the two options ask for."""
    from edgekit.core.records import Limits

    for name, value in (("--timeout", timeout), ("--memory-limit", memory_limit)):
        if value is not None and not math.isfinite(value):
            raise click.BadParameter(f"{value} is not a finite number.", param_hint=repr(name))
    memory = None if memory_limit is None else int(memory_limit * 2**30)
    return overlay(Limits(), seconds=timeout, memory_bytes=memory)


def overlay(record: R, **given: object) -> R:
    """`record` with the options that were given; None and () mean that one was not."""
    changes = {key: value for key, value in given.items() if value is not None and value != ()}
    return replace(record, **changes)


def echo_json(payload: object) -> None:
    """Print records as JSON on standard output."""
    from edgekit.core import serde

    plain = serde.to_dict(payload)
    text = json.dumps(plain, indent=2, ensure_ascii=False)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
        legible = all(map(str.isprintable, text.split("\n")))
    except UnicodeEncodeError:  # an old locale, or a file name that is no text
        legible = False
    if not legible:
        text = json.dumps(plain, indent=2).replace("\x7f", "\\u007f")
    # Two of them begin a command to some CI systems; only strings hold any.
    click.echo(text.replace("##", "\\u0023#"))


def echo(line: str, *, err: bool = False) -> None:
    """Print one line, whatever the names from files in it hold: verbs print nothing past this."""
    click.echo(without_commands(printable(line)), err=err)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A spinner on a terminal's standard error; plain lines where it is no terminal."""
    if not sys.stderr.isatty():
        yield lambda line: echo(f"edgekit: {line}", err=True)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    with console.status("starting") as status:
        yield lambda line: status.update(Text(printable(line)))  # a str would be read as markup


def echo_notes(notes: list[str]) -> None:
    """Print notes and warnings, each once, on standard error."""
    for note in dict.fromkeys(notes):
        echo(f"Note: {note}", err=True)
