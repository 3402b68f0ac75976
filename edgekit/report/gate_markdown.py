"""What a gate found, as GitHub's Markdown: for a pull request and a summary of a CI step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from edgekit.core.gate_rules import GateResult, Status, Verdict
from edgekit.report import gate_words as words

T = TypeVar("T")

LIMIT = 65_536
"""Below this many bytes a comment on GitHub must stay (it counts characters)."""

_ICONS: dict[Status, str] = {
    "pass": "✅",
    "accepted": "☑️",
    "fail": "❌",
    "error": "❗",
    "incomparable": "❔",
    "inconclusive": "❔",
}
_HEADINGS = {
    "passed": "✅ edgekit gate passed",
    "failed": "❌ edgekit gate failed",
    "inconclusive": "❔ edgekit gate is inconclusive",
    "unjudged": "❗ edgekit gate could not judge",
}
# Of the bytes: sentences may fill this share, with the table that one, with changes of the baseline
# the last, and notes the rest.
_SENTENCES_UNTIL = 0.5
_TABLE_UNTIL = 0.8
_CHANGES_UNTIL = 0.9
# What one name or sentence may take.
_LONGEST = 2_000
# For the line that says that something was cut, and for what closes.
_RESERVE = 400
_ZERO_WIDTH = "&#8203;"


def marker(model: str) -> str:
    """The hidden first line, by which a bot finds the comment that it wrote before.

    Args:
        model: The model's name; only what cannot end an HTML comment is kept of it.
    """
    name = re.sub(r"-{2,}", "-", re.sub(r"[^\w./-]+", "_", model))[:200].strip("-")
    return f"<!-- edgekit gate: {name} -->"


def markdown(result: GateResult) -> str:
    """A heading, what does not hold in sentences, a table of all verdicts, and notes folded away.

    Names of models, variants and operators come from files: nothing in them becomes markup, a
    link or a mention. Where all would be longer than GitHub takes, a line says what is cut.

    Args:
        result: What was found.

    Returns:
        Text whose first line is `marker(result.model)`, always shorter than `LIMIT` bytes.
    """
    page = _Page(LIMIT - _RESERVE)
    page.add(marker(result.model))
    page.add(f"### {_HEADINGS[result.outcome]}: {escape(result.model)}\n")
    bad = [one for one in words.worst_first(result) if one.status != "pass"]
    page.add_some(bad, _sentence, _SENTENCES_UNTIL, "sentences")
    page.add(f"\n{escape(words.closing_line(result))}\n")
    if result.refused:
        page.add(f"{escape(words.baseline_line(result))}\n")
    if result.verdicts:
        head = [name for name, _ in _COLUMNS]
        page.add(_row(head) + "\n" + _row(["---"] * len(head)))
        # Of a table that must be cut, the worst rows stay.
        fits = page.fits(map(_verdict, result.verdicts), _TABLE_UNTIL)
        shown = result.verdicts if fits else words.worst_first(result)
        page.add_some(shown, _verdict, _TABLE_UNTIL, "verdicts")
    changes = words.change_lines(result)
    if changes:
        page.add("\nThe baseline, old -> new:\n")
        page.add_some(changes, lambda one: f"- {escape(one)}", _CHANGES_UNTIL, "changes")
    page.add("")
    notes = _notes(result)
    if notes:
        page.add("<details><summary>Notes</summary>\n")
        page.add_some(notes, lambda one: f"- {escape(one)}", 1.0, "notes")
        page.add("\n</details>")
    return page.text()


def escape(text: str) -> str:
    """Text that GitHub shows as it is: no markup, HTML, mention, reference, link or formula."""
    text = words.one_line(text)
    if len(text) > _LONGEST:
        text = f"{text[:_LONGEST]}…"
    text = re.sub(r"([\\`*_{}\[\]|~])", r"\\\1", text)
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    # GitHub looks for these after it has read Markdown, so no backslash helps: an invisible
    # blank keeps their parts apart.
    text = re.sub(r"@(?=\w)", f"@{_ZERO_WIDTH}", text)
    text = re.sub(r"(?<![&\d])#(?=\d)", f"\\#{_ZERO_WIDTH}", text)
    text = re.sub(r"\b(GH)-(?=\d)", rf"\1{_ZERO_WIDTH}-", text, flags=re.IGNORECASE)
    text = text.replace("://", f":{_ZERO_WIDTH}//")
    text = re.sub(r"\b(www)\.", rf"\1{_ZERO_WIDTH}.", text, flags=re.IGNORECASE)
    return text.replace("$", "<span>$</span>")


def _sentence(verdict: Verdict) -> str:
    return f"- **{verdict.status}** {escape(words.remark(verdict))}"


_COLUMNS: Sequence[tuple[str, Callable[[Verdict], str]]] = (
    ("verdict", lambda one: f"{_ICONS[one.status]} {one.status}"),
    ("variant", lambda one: escape(one.variant or "all")),
    ("target", lambda one: escape(one.target or "-")),
    ("metric", lambda one: escape(words.subject_text(one))),
    (escape(words.VALUES), lambda one: escape(words.values_text(one))),
    ("estimate \\[low high\\]", lambda one: escape(words.estimate_text(one))),
    ("limit", lambda one: escape(words.limit_text(one))),
    ("n", lambda one: escape(words.count_text(one))),
)


def _verdict(verdict: Verdict) -> str:
    return _row([cell(verdict) for _, cell in _COLUMNS])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _notes(result: GateResult) -> list[str]:
    """What stands beside the verdicts: remarks, the baseline, the machine."""
    notes = words.notes(result)
    baseline = words.baseline_line(result)
    if baseline and not result.refused:
        notes.append(baseline)
    notes.append("[low high] are one-sided 95 % bounds each")
    host = result.host
    notes.append(
        f"edgekit {result.edgekit}, {host.cpu}, {host.cores} cores, {host.system}, "
        f"Python {host.python}, {result.seconds:.1f} s"
    )
    return notes


class _Page:
    """Lines that stay within a number of bytes."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lines: list[str] = []
        self._size = 0

    def add(self, line: str) -> None:
        self._lines.append(line)
        self._size += len(line.encode()) + 1

    def fits(self, lines: Iterable[str], until: float) -> bool:
        """Whether all of `lines` leave the page within that share of it."""
        size = self._size
        for line in lines:
            size += len(line.encode()) + 1
            if size > until * self._limit:
                return False
        return True

    def add_some(
        self, items: Sequence[T], line_of: Callable[[T], str], until: float, what: str
    ) -> None:
        """As many lines as fit in that share of the page, and how many do not."""
        for index, item in enumerate(items):
            line = line_of(item)
            if not self.fits([line], until):
                self.add(f"\n{len(items) - index} more {what} cut: edgekit gate --json has all.")
                return
            self.add(line)

    def text(self) -> str:
        return "\n".join(self._lines) + "\n"
