"""A table in HTML, as notebooks show results: names come from files, so every cell is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from edgekit.core.text import printable


def html_table(heads: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """A table in HTML; every text is escaped.

    >>> html_table(["a"], [["<b>"]])
    '<table><thead><tr><th>a</th></tr></thead><tbody><tr><td>&lt;b&gt;</td></tr></tbody></table>'
    """
    title = f"<caption>{_safe(caption)}</caption>" if caption else ""
    head = "".join(f"<th>{_safe(text)}</th>" for text in heads)
    body = "".join(
        "<tr>" + "".join(f"<td>{_safe(text)}</td>" for text in row) + "</tr>" for row in rows
    )
    return f"<table>{title}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _safe(text: str) -> str:
    return html.escape(printable(text))
