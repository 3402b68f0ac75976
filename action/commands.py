"""How a step talks with GitHub: annotations, outputs, the summary. Standard library only."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Mapping
from pathlib import Path

# GitHub cuts at 4 kB.
_LONGEST = 4_000
_LONGEST_TITLE = 250


def annotate(level: str, message: str, title: str = "edgekit gate") -> None:
    """Print an annotation.

    Args:
        level: `error`, `warning` or `notice`.
        message: One sentence, of any characters.
        title: What stands above it.
    """
    title, message = _escaped(title[:_LONGEST_TITLE], ":,"), _escaped(message[:_LONGEST])
    print(f"::{level} title={title}::{message}", flush=True)


def visible(text: str) -> str:
    """Lines with the escapes of what no terminal or log shall obey: control characters, say."""
    return "".join(
        c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text
    )


def _escaped(text: str, more: str = "") -> str:
    """As the runner reads it: `%`, line breaks and (in a property) separators as codes."""
    text = visible(text.replace("\r\n", "\n"))
    return "".join(f"%{ord(c):02X}" if c in f"%\n{more}" else c for c in text)


def set_outputs(values: Mapping[str, str]) -> None:
    """Tell later steps what was found. Values may hold anything, also line breaks."""
    lines = []
    for name, value in values.items():
        # Nobody can guess the delimiter, so no value can end it and set another output.
        delimiter = f"end_{secrets.token_hex(16)}"
        lines.append(f"{name}<<{delimiter}\n{value}\n{delimiter}\n")
    _append("GITHUB_OUTPUT", "".join(lines))


def add_summary(markdown: str) -> None:
    """Show Markdown on the page of the run."""
    _append("GITHUB_STEP_SUMMARY", markdown)


def _append(variable: str, text: str) -> None:
    place = os.environ.get(variable)
    if not place:
        print(f"{variable} is unset: this runs in a step of GitHub Actions.", file=sys.stderr)
        return
    with Path(place).open("a", encoding="utf-8") as file:
        file.write(text)


def path_of(variable: str, default_name: str) -> Path:
    """A file named by an environment variable, or by that name in the runner's folder."""
    chosen = os.environ.get(variable)
    folder = Path(os.environ.get("RUNNER_TEMP") or ".") / "edgekit-gate"
    path = Path(chosen) if chosen else folder / default_name
    path.parent.mkdir(parents=True, exist_ok=True)
    return path.absolute()
