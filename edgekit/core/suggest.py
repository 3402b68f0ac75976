"""Suggest the name that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str | None:
    """`did you mean NAME?` for the closest of `known`, or None when nothing is close."""
    import difflib

    names = list(known)
    matches = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if not matches and len(name) > 1:
        matches = [longer for longer in names if longer.startswith(name)][:1]
    return f"did you mean {matches[0]!r}?" if matches else None
