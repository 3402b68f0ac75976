"""Run `edgekit gate`: its answer as annotations, outputs and a summary; its exit code as it is.

Reads `EDGEKIT_PROJECT`, `EDGEKIT_INCONCLUSIVE`, `EDGEKIT_ACCEPT` (words, apart by blanks or
commas), `EDGEKIT_MARKDOWN`, `EDGEKIT_JUNIT`, `EDGEKIT_JSON` (files to write), `EDGEKIT_BIN` (the
folder that holds the command) and GitHub's own variables. Nothing of these gets into a shell.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from commands import add_summary, annotate, path_of, set_outputs, visible

# GitHub shows no more than ten annotations of a level for a step.
_MOST_ANNOTATIONS = 9
_LAST_LINES = 20
_UNJUDGED = 2
# What decides the exit code, the first of these that there is.
_RANKS = (("fail",), ("error", "incomparable"), ("inconclusive",))


def main() -> int:
    """Run the gate, tell GitHub, and return the gate's exit code."""
    markdown = path_of("EDGEKIT_MARKDOWN", "gate.md")
    junit = path_of("EDGEKIT_JUNIT", "gate.xml")
    answer = path_of("EDGEKIT_JSON", "gate.json")
    for old in (markdown, junit, answer):
        old.unlink(missing_ok=True)  # of a step before: never shown as this one's
    code, said = _run(markdown, junit, answer)
    result = _read(answer)
    outcome = str(result.get("outcome") or "unjudged")
    set_outputs(
        {
            "outcome": outcome,
            "exit-code": str(code),
            "markdown": str(markdown),
            "junit": str(junit),
            "json": str(answer),
        }
    )
    if result:
        _annotate(result, code)
    else:
        annotate("error", _error(said) or f"edgekit gate ended with exit code {code}.")
    if markdown.is_file():
        add_summary(markdown.read_text(encoding="utf-8") + "\n")
    else:
        add_summary(f"### edgekit gate could not judge\n\n{_fenced(said)}\n")
    if not result and code == 0:
        return _UNJUDGED  # it said that all is well, and nothing of what it found
    return code


def _run(markdown: Path, junit: Path, answer: Path) -> tuple[int, str]:
    """The exit code, and the last lines of standard error."""
    path = os.pathsep.join(filter(None, (os.environ.get("EDGEKIT_BIN"), os.environ.get("PATH"))))
    command = shutil.which("edgekit", path=path)
    if command is None:
        return _UNJUDGED, "Error: the command edgekit is not installed."
    arguments = [command, "gate", "--project", os.environ.get("EDGEKIT_PROJECT") or "."]
    arguments += ["--inconclusive", os.environ.get("EDGEKIT_INCONCLUSIVE") or "pass"]
    for word in (os.environ.get("EDGEKIT_ACCEPT") or "").replace(",", " ").split():
        arguments += [f"--accept={word}"]
    arguments += ["--markdown", str(markdown), "--junit", str(junit), "--json"]
    lines: list[str] = []
    # The names that edgekit prints come from files: none of them may become a command to GitHub.
    token = secrets.token_hex(16)
    print(f"::stop-commands::{token}", flush=True)
    try:
        with (
            answer.open("wb") as out,
            subprocess.Popen(arguments, stdout=out, stderr=subprocess.PIPE) as process,
        ):
            for raw in process.stderr or ():
                line = visible(raw.decode("utf-8", errors="replace").replace("\r\n", "\n"))
                print(line, end="", flush=True)
                lines = [*lines, line][-_LAST_LINES:]
        code = process.returncode
    finally:
        print(f"\n::{token}::", flush=True)
    return code, "".join(lines)


def _read(answer: Path) -> dict[str, Any]:
    """The gate's result; empty where it gave none."""
    try:
        told = json.loads(answer.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return told if isinstance(told, dict) and "outcome" in told else {}


def _annotate(result: dict[str, Any], code: int) -> None:
    """One annotation for each verdict that does not hold: an error where it ends the step."""
    verdicts = result.get("verdicts", [])
    there = {one.get("status") for one in verdicts}
    decisive = next((rank for rank in _RANKS if there & set(rank)), ())
    found: dict[str, list[tuple[str, str]]] = {"error": [], "warning": []}
    for one in verdicts:
        status = one.get("status")
        if status == "pass":
            continue
        where = " on ".join(
            filter(None, (one.get("variant") or one.get("metric"), one.get("target")))
        )
        message = f"{status}: {one.get('sentence') or one.get('metric')}"
        level = "error" if code and status in decisive else "warning"
        found[level].append((where, message))
    for level, told in found.items():
        for where, message in told[:_MOST_ANNOTATIONS]:
            annotate(level, message, f"edgekit gate: {where}")
        if len(told) > _MOST_ANNOTATIONS:
            annotate(level, f"{len(told) - _MOST_ANNOTATIONS} more are in the summary.")


def _error(said: str) -> str:
    """From the last `Error:` on: the rule, what was received, the hint."""
    _, found, error = said.rpartition("Error: ")
    return error.strip() if found else said.strip()


def _fenced(text: str) -> str:
    """As a block of code, which nothing in it can end."""
    fence = "`" * 3
    while fence in text:
        fence += "`"
    return f"{fence}text\n{text.strip()}\n{fence}"


if __name__ == "__main__":
    sys.exit(main())
