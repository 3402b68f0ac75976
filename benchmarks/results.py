"""Sections of `benchmarks/RESULTS.md`, each written by the script that measured it."""

from __future__ import annotations

import platform
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from edgekit.core import serde
from edgekit.measure.machine import describe_host

PATH = Path(__file__).with_name("RESULTS.md")
HEAD = """# Results

Written by `make bench`; every figure was measured by the code of its day, here. Ratios are of
runs made side by side in one session; absolute times hold on the named machine only.
"""


def table(heads: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(heads) + " |", "|" + "---|" * len(heads)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def write_section(name: str, body: str) -> None:
    """Replace (or add) the section `name`, with the machine and the versions below it."""
    host = describe_host()
    versions = ", ".join(
        f"{tool} {metadata.version(tool)}"
        for tool in ("tensorflow", "keras", "ai-edge-litert", "litert-quantizer")
    )
    stamp = (
        f"*{datetime.now(UTC):%Y-%m-%d}, {host.cpu}, {host.cores} cores, Python "
        f"{platform.python_version()}, {versions}.*"
    )
    section = f"## {name}\n\n{body.strip()}\n\n{stamp}\n"
    text = PATH.read_text(encoding="utf-8") if PATH.exists() else HEAD
    pattern = re.compile(rf"^## {re.escape(name)}\n.*?(?=^## |\Z)", re.MULTILINE | re.DOTALL)
    if pattern.search(text):
        text = pattern.sub(lambda _: section + "\n", text)
    else:
        text = text.rstrip() + "\n\n" + section
    serde.write_atomic(PATH, text.rstrip() + "\n")
    print(section)
