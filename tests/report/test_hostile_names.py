"""Names that a stranger chose, through everything that prints them."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from xml.etree import ElementTree

import click
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from edgekit.cli import options
from edgekit.core.errors import DataError, EdgekitError
from edgekit.core.gate_rules import Rule
from edgekit.core.recipes import RECIPES
from edgekit.core.records import (
    Artifact,
    Candidate,
    Contract,
    Kept,
    LayerError,
    Measurement,
    Metric,
    Skipped,
    Target,
    TensorSpec,
)
from edgekit.pytest_plugin import Gated
from edgekit.report import conversion_lines, gate_markdown, gate_table, junit, layer_table, terminal
from tests.report import gate_results as made

PARTS = [
    "::error::x", "\n", "\r", "\x1b[31m", "\x07", "\x85", "\u2028", "\u202e", "\u200f", "\u2066",
    "##[add-mask]x", "##vso[task.setvariable]", "[red]", "[/]", ":x:", "`", "|", "<b>", "@all",
    " ", "a", "conv", "\x00", "\ud800", "\ufeff", "\x9b2J", "\t", "$(x)", "%s", "{0}",
]  # fmt: skip
HOSTILE = st.lists(st.sampled_from(PARTS), min_size=1, max_size=8).map("".join)


def check(text: str) -> None:
    """Nothing that a terminal or a CI system obeys."""
    for line in text.split("\n"):
        assert line.isprintable(), repr(line)
        assert not line.lstrip().startswith("::"), line
        assert not re.search(r"##\w*\[", line), line


def printed(*renderables: object, width: int = 210) -> str:
    out = io.StringIO()
    console = terminal.PlainConsole(out, width=width)
    for one in renderables:
        console.print(one)
    return out.getvalue()


def artifact(name: str) -> Artifact:
    spec = TensorSpec(name=name, shape=(1, 2), dtype="float32", labels=(name,))
    return Artifact(
        path=name,
        sha256="0",
        size_bytes=1,
        compressed_bytes=1,
        recipe=replace(RECIPES["static_wi8_ai8"], name=name),
        contract=Contract(inputs=(spec,), outputs=(spec,)),
        source_sha256="0",
        float_sha256="0",
        oldest_runtime=name,
        skipped=(Skipped(layer=name, operator=name, reason=name),),
        kept=(Kept(layer=name, operator=name, recipe=name, reason=name),),
        candidates=(Candidate(name=name, sqnr_db=1.0, chosen=True),),
        notes=(name,),
    )


def measurement(name: str) -> Measurement:
    error = LayerError(
        layer=name, operator=name, tensor=name, scheme=name, output_sqnr_db=1.0, blame=1.0
    )
    return Measurement(
        artifact=name,
        artifact_sha256="0",
        samples_sha256="0",
        num_samples=1,
        target=Target(runtime=name.replace("\0", "")),
        host=made.HOST,
        metrics=(Metric(name=name, value=1.0, unit=name, note=name),),
        layers=(error, replace(error, scheme="other")),
    )


def result(name: str):
    bad = replace(
        made.FAIL,
        variant=name, target=name, metric=name, sentence=name, note=name, unit=name,
        rule=Rule(metric=name, at_most=1.0, variants=(name,)),
    )  # fmt: skip
    operators = replace(made.OPERATORS_FAIL, rule=Rule(allowed_operators=(name,)), sentence="")
    return made.result(bad, operators, model=name, notes=(name,), baseline=name)


@pytest.mark.slow
@settings(max_examples=150)
@given(HOSTILE, st.sampled_from([60, 80, 210]))
@example("a" * 79 + "::error::x", 80)
@example("x" * 12 + "::error::x", 60)
def test_tables_and_lines_hold_no_command(name: str, width: int) -> None:
    measured = measurement(name)
    check(
        printed(
            terminal.artifacts_table([artifact(name)]),
            terminal.exceptions_table([artifact(name)]),
            terminal.measurements_table([measured], title=name),
            layer_table.layers_table(measured),
            *layer_table.blame_lines(measured),
            *conversion_lines.candidate_lines([artifact(name)]),
            name,
            width=width,
        )
    )
    out = io.StringIO()
    gate_table.show(result(name), terminal.PlainConsole(out, width=width))
    check(out.getvalue())


@pytest.mark.slow
@settings(max_examples=150)
@given(HOSTILE)
def test_files_for_others_hold_no_command(name: str) -> None:
    check(gate_markdown.markdown(result(name)))
    xml = junit.junit_xml(result(name))
    check(xml)
    ElementTree.fromstring(xml.encode())
    check(repr(Gated(result(name))))
    with pytest.raises(pytest.fail.Exception) as caught:
        Gated(result(name)).check()
    check(str(caught.value))


@settings(max_examples=150)
@given(HOSTILE)
def test_errors_hold_no_command(name: str) -> None:
    text = f"Error: {EdgekitError(name, received=name, hint=name)}"
    assert len(text.split("\n")) == 3
    check(text.replace("##", "#"))  # that is for the line that prints it
    assert str(DataError("A.", received="b", hint="c")) == "A.\n  Received: b\n  Hint: c"


def echoed(function: Callable[[], object]) -> str:
    """What goes to standard output and error, as a pipe would get it."""
    said: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(click, "echo", lambda text="", err=False, **_: said.append(str(text)))
        function()
    return "\n".join(said)


@pytest.mark.slow
@settings(max_examples=150)
@given(HOSTILE)
def test_lines_notes_progress_and_json_hold_no_command(name: str) -> None:
    check(echoed(lambda: options.echo(name)))
    check(echoed(lambda: options.echo_notes([name, f"a {name}"])))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "stderr", SimpleNamespace(isatty=lambda: False))

        def say() -> None:
            with options.progress() as report:
                report(name)

        check(echoed(say))
    text = echoed(lambda: options.echo_json({"name": name, "all": [artifact(name)]}))
    check(text)
    assert json.loads(text)["name"] == name


def command(*arguments: str, cwd: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "edgekit.cli.main", *arguments],
        cwd=cwd,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 2, done.stderr
    return (done.stdout + done.stderr).decode()


EVIL = "x\n::error::y\x1b[31m\x07\u202e"


@pytest.mark.parametrize(
    "arguments",
    [
        [EVIL], ["convert", EVIL], ["convert", f"--{EVIL}", "x"], ["inspect", EVIL, "b", EVIL],
        ["inspect", EVIL], ["validate", EVIL, "--seed", EVIL], ["gate", "--project", EVIL],
        ["gate", "--inconclusive", EVIL], ["bundle", EVIL, "--c", EVIL], ["init", EVIL],
        ["benchmark", EVIL, "--runtime", EVIL], ["runtime", "add", EVIL], ["runtime", EVIL],
    ],
)  # fmt: skip
def test_no_verb_gives_an_argument_back_raw(arguments: list[str], tmp_path: Path) -> None:
    check(command(*arguments, cwd=tmp_path))


@pytest.mark.parametrize(
    "toml",
    [
        '"x\\n::error::y\\u001b" = 1', 'model = "a\\n::error::b\\u202e"\n[[rule]]\nmetric="mae"',
        '[[rule]]\nmetric = "a\\n::error::b\\u001b[31m"\nat_most = 1',
        'recipes = ["a\\n::error::b\\u0007"]\nmodel="m"\n[[rule]]\nmetric="mae"\nat_most=1',
        '[[target]]\nruntime = "a\\n::error::b\\u0007"\n[[rule]]\nmetric="mae"\nat_most=1',
    ],
)  # fmt: skip
def test_no_text_of_a_project_file_is_given_back_raw(toml: str, tmp_path: Path) -> None:
    (tmp_path / "edgekit.toml").write_text(toml, encoding="utf-8")
    check(command("gate", cwd=tmp_path))
