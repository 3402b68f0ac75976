"""What a gate found, in a terminal."""

from __future__ import annotations

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from edgekit.core.gate_rules import GateResult, Status, Verdict
from edgekit.core.text import printable, printable_lines
from edgekit.report import gate_words as words
from edgekit.report.terminal import console

STYLES: dict[Status, str] = {
    "pass": "green",
    "accepted": "bold yellow",
    "fail": "bold red",
    "error": "red",
    "incomparable": "yellow",
    "inconclusive": "yellow",
}
_OUTCOME_STYLES = {
    "passed": "bold green",
    "failed": "bold red",
    "inconclusive": "bold yellow",
    "unjudged": "bold red",
}
# Columns of a terminal: below this many, cells have lines and what belongs together is stacked.
_WIDE = 120


def gate_table(result: GateResult, width: int = _WIDE) -> Table:
    """One row for each verdict.

    Args:
        result: What was found.
        width: Columns of the terminal, which decide whether cells are stacked.
    """
    wide = width >= _WIDE
    has_targets = any(one.target for one in result.verdicts)
    has_counts = any(one.n for one in result.verdicts)
    has_values = any(words.values_text(one) != "-" for one in result.verdicts)
    table = Table(
        box=box.ROUNDED if wide else box.SIMPLE_HEAD,
        padding=(0, 1) if wide else 0,
        show_edge=wide,
        caption="[low high]: one-sided 95 % bounds" if _has_bounds(result) else None,
        caption_justify="left",
    )
    table.add_column("verdict", no_wrap=True)
    head = Text("variant" if wide or not has_targets else "variant\ntarget")
    # Most names of recipes and metrics fit in 80 columns; these widths and gaps are 79.
    table.add_column(head, overflow="fold", min_width=None if wide else 14)
    if wide and has_targets:
        table.add_column("target", overflow="fold")
    head = Text("metric" if wide or not has_values else f"metric\n{words.VALUES}")
    table.add_column(head, overflow="fold", min_width=None if wide else 13)
    if wide and has_values:
        table.add_column(words.VALUES, overflow="fold", justify="right")
    table.add_column("estimate", overflow="fold", justify="right", no_wrap=not wide)
    table.add_column("limit", overflow="fold", max_width=None if wide else 10)
    if has_counts:
        table.add_column("n", overflow="fold", justify="right", max_width=None if wide else 9)
    for one in result.verdicts:
        cells = _cells(one, wide, has_targets, has_values)
        counts = [words.count_text(one)] if has_counts else []
        table.add_row(*cells, *counts, style=_style(one))
    return table


def _cells(verdict: Verdict, wide: bool, has_targets: bool, has_values: bool) -> list[str | Text]:
    cells: list[str | Text] = [verdict.status, verdict.variant or "all"]
    if wide and has_targets:
        cells.append(verdict.target or "-")
    elif verdict.target:
        cells[-1] = _lines(verdict.variant, verdict.target)
    line_break = " " if wide else "\n"
    values = words.values_text(verdict, line_break).split("\n")
    subject = words.subject_text(verdict)
    if wide:
        cells += [subject, *([_lines(*values)] if has_values else [])]
    else:
        cells.append(subject if values == ["-"] else _lines(subject, *values))
    estimate = words.estimate_text(verdict, line_break).split("\n")
    return [*cells, _lines(*estimate), words.limit_text(verdict)]


def _lines(*lines: str) -> Text:
    return Text(printable_lines("\n".join(map(printable, lines))))


def _style(verdict: Verdict) -> str:
    return STYLES[verdict.status]


def show(result: GateResult, out: Console | None = None) -> None:
    """Print the table, a sentence for each rule that does not hold, and the outcome.

    Args:
        result: What was found.
        out: Where to print; standard output by default.
    """
    out = out or console()
    if result.verdicts:
        out.print(gate_table(result, out.width))
    for one in words.worst_first(result):
        if one.status != "pass":
            _print(out, f"{one.status}: {words.remark(one)}", _style(one))
    for note in words.notes(result):
        _print(out, f"note: {note}")
    for line in words.change_lines(result):
        _print(out, f"changed: {line}")
    if baseline := words.baseline_line(result):
        _print(out, baseline, "bold red" if result.refused else None)
    _print(out, words.closing_line(result), _OUTCOME_STYLES[result.outcome])


def _print(out: Console, line: str, style: str | None = None) -> None:
    """One line of any length: a terminal breaks it, a file keeps it whole."""
    out.print(line, style=style, highlight=False, soft_wrap=True)


def _has_bounds(result: GateResult) -> bool:
    return any("[" in words.estimate_text(one) for one in result.verdicts)
