"""No line of a shell script loses a failure.

bash ignores `set -e` left of `||` and `&&`, behind `!`, and in conditions, and so in functions and
groups that are called there; it never sees what a process substitution or a substitution among
arguments ended with. `strictly` and `step` (checks/steps.sh) are the ways around it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = sorted(
    path
    for folder in ("checks", "android_demo/checks", "ios_demo", "action", ".ci")
    for path in (REPOSITORY / folder).rglob("*")
    if path.is_file()
    and (
        path.suffix == ".sh"
        or path.read_bytes().startswith((b"#!/bin/bash", b"#!/usr/bin/env bash"))
    )
)
# Functions whose status may be asked for: they run others strictly, or end the check.
_TESTED = {"strictly", "toolchain", "debian_download"}
# Redirections, and then that the status is asked for.
_ASKED = r"(\s*\d*[<>]+&?\s?\S+)*\s*(\|\||&&)"
_RULES = {
    "a group's failures are lost": rf"(^|[;\s])[)}}]{_ASKED}|\b(if|while|until)\s+!?\s*[({{]",
    "a subshell's failures are lost": rf"^\(.*\){_ASKED}",
    "a process substitution's failure is lost": r"<\s?<\(",
    "the declaration hides the command's failure": (
        r"\b(local|readonly|export|declare)\s[^;|&]*=\"?\$\((?!\()"
    ),
    "what is said to hold may not have run": (
        r"^(passed|echo \"?ok)\s.*\$\((?!\(|tail -n 1 \"\$LOG\"\))"
    ),
    "only the last of several commands counts": r"=\"?\$\([^()]*;[^()]*\)\"?\s*(\|\||&&)",
}


def _logical(source: str) -> list[str]:
    """Commands as lines, joined where they go on, without comments and other programs' text."""
    text = re.sub(r"'[^'\n]*'", "''", source)  # short ones; long ones are other programs
    text = re.sub(r"(?<=[=\s])'[^']*'", "''", text)
    text = re.sub(r"^\s*#.*$|(?<=\s)# .*$", "", text, flags=re.MULTILINE)
    text = re.sub(r"\\\n\s*", " ", text)
    text = re.sub(r"(\|\||&&|\|)\s*\n\s*", r"\1 ", text)
    return [line.strip() for line in text.splitlines() if line.strip()]


def _functions(sources: list[str]) -> set[str]:
    return {name for source in sources for name in re.findall(r"^(\w+)\(\) ", source, re.MULTILINE)}


def faults(source: str, functions: set[str]) -> list[str]:
    """The lines of a script that could lose a failure, each with why."""
    found = []
    for line in _logical(source):
        plain = re.sub(r"\$\{[^{}]*\}", "$x", line)
        found += [f"{why}: {line}" for why, rule in _RULES.items() if re.search(rule, plain)]
        # What stands left of `||` and `&&`, and behind `if`, `while`, `until` and `!`.
        pieces = re.split(r"\|\||&&", plain)
        asked = pieces[:-1] + [
            piece
            for piece in pieces
            if re.match(r"\s*(if|while|until|elif|!)\s", piece) or re.search(r"[({;]\s*!\s", piece)
        ]
        for piece in asked:
            words = re.sub(r"^\s*(\w+\(\) \{\s*)?((if|while|until|elif|then|do|!)\s+)*", "", piece)
            called = re.match(r"(?:\w+=\"?\$\(\s*)?([\w.]+)", words)
            if called and called[1] in functions - _TESTED:
                found.append(f"{called[1]} does not end at its first failure: {line}")
    return found


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_line_loses_a_failure(path: Path) -> None:
    functions = _functions([other.read_text("utf-8") for other in SCRIPTS])
    assert faults(path.read_text(encoding="utf-8"), functions) == []


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_script_is_strict(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    sourced = not text.startswith("#!")
    assert sourced or re.search(
        r"^set -euo pipefail$|^source .*(steps|toolchain)\.sh\"$|^exec ", text, re.MULTILINE
    )
    assert sourced or path.stat().st_mode & 0o111


@pytest.mark.parametrize(
    "line",
    [
        "{ one; two; } || failed x",
        "{ one\ntwo\n} >log 2>&1 || failed x",
        "( cd folder && one; two ) || exit 1",
        "if { one; two; }; then three; fi",
        "if ! ( one; two ); then three; fi",
        "build one || failed x",
        "build one && echo ok",
        "if build one; then echo; fi",
        "if ! build one; then echo; fi",
        "! build one",
        "while build one; do echo; done",
        'x="$(build one)" || exit 1',
        "x=$(one; two) || exit 1",
        "mapfile -t files < <(find .)",
        'local x="$(one)"',
        "export X=$(one)",
        'passed app "$(one) files"',
        'echo "ok app: $(one) files"',
        "one &&\n  build two ||\n  three",
    ],
)
def test_what_loses_a_failure_is_seen(line: str) -> None:
    assert faults(f"build() {{\n  one\n}}\n{line}\n", {"build"})


@pytest.mark.parametrize(
    "line",
    [
        'one "${array[@]}" || failed x',
        'x="${1:-}"; [ -n "$x" ] || exit 1',
        'step app "why" build one',
        "if strictly build one; then echo; fi",
        "one || build two",
        'x="$(one)" || x=""',
        'passed app "$(tail -n 1 "$LOG")"',
        "bash -c '{ one; two; } || three'",
        "# { one; } || two",
        "python -c '\nif build: x(); { } || y\n'",
    ],
)
def test_what_is_right_is_left_alone(line: str) -> None:
    assert faults(f"build() {{\n  one\n}}\n{line}\n", {"build"}) == []
