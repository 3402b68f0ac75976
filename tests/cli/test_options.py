"""Options that verbs share: what was not given is a record's default."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click
import pytest

from edgekit.cli import options
from edgekit.core.records import BenchmarkOptions, Limits
from tests.cli.commands import invoke, measurement


def test_what_was_given_lies_over_the_record():
    base = BenchmarkOptions()
    assert options.overlay(base, num_runs=None, num_threads=None) == base
    changed = options.overlay(base, num_runs=7, num_threads=None, warmup_runs=0)
    assert (changed.num_runs, changed.warmup_runs) == (7, 0)  # a zero was given
    assert changed.num_threads == base.num_threads


def test_limits_are_seconds_and_gibibytes():
    assert options.limits(None, None) == Limits()
    assert options.limits(2.5, 0.5) == Limits(seconds=2.5, memory_bytes=2**29)


@pytest.mark.parametrize(
    ("timeout", "memory", "name"),
    [(float("inf"), None, "--timeout"), (None, float("nan"), "--memory-limit")],
)
def test_limits_are_finite(timeout, memory, name):
    with pytest.raises(click.BadParameter) as caught:
        options.limits(timeout, memory)
    assert name in caught.value.format_message()


def test_shared_options_reach_the_command():
    @click.command()
    @options.project_option
    @options.runtime_option
    @options.limits_options
    @options.json_option
    def verb(**given: object) -> None:
        click.echo(json.dumps(given, default=str, sort_keys=True))

    nothing = json.loads(invoke(verb).output)
    assert nothing == {
        "as_json": False,
        "memory_limit": None,
        "project": None,
        "runtimes": [],
        "timeout": None,
    }
    arguments = "--project p.toml --runtime litert --runtime tflite-runtime==2.14.0 --timeout 3"
    given = json.loads(invoke(verb, *arguments.split(), "--memory-limit", "1", "--json").output)
    assert given == {
        "as_json": True,
        "memory_limit": 1.0,
        "project": "p.toml",
        "runtimes": ["litert", "tflite-runtime==2.14.0"],
        "timeout": 3.0,
    }


@pytest.mark.parametrize("arguments", [("--timeout", "0"), ("--memory-limit", "0.01")])
def test_limits_that_nothing_could_keep_are_refused(arguments):
    with pytest.raises(click.BadParameter):
        invoke(options.limits_options(click.command()(lambda **_: None)), *arguments)


def test_records_are_printed_as_json(capsys):
    options.echo_json([measurement().summary(), Path("a")])
    one, path = json.loads(capsys.readouterr().out)
    assert (one["artifact"], one["metrics"][0]["value"], path) == ("net.float32.tflite", 0.75, "a")
    assert "raw" not in one["metrics"][0]


def test_json_runs_no_command_of_a_ci_system_and_stays_the_same(capsys):
    names = ["##[group]x", "caf\udce9", "bell\x07", "müßig", "del\x7f"]
    for name in names:
        options.echo_json({"name": name})
        out = capsys.readouterr().out
        assert "##" not in out and json.loads(out) == {"name": name}
        assert all(line.isprintable() for line in out.splitlines())


def test_lines_hold_no_control_characters(capsys):
    options.echo("a\nb\x1b[31m", err=True)
    printed = capsys.readouterr()
    assert printed.out == "" and printed.err.count("\n") == 1 and "\x1b" not in printed.err


def test_notes_are_printed_once(capsys):
    options.echo_notes(["one", "two", "one"])
    assert capsys.readouterr().err == "Note: one\nNote: two\n"


def test_progress_is_plain_lines_where_nobody_looks(capsys, monkeypatch):
    with options.progress() as say:
        say("converting")
    assert capsys.readouterr().err == "edgekit: converting\n"
    assert not sys.stderr.isatty()
