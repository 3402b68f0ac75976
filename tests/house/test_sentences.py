"""Errors say what happened or what must be, in the words of the field.

The first line of an error never states a rule as if it held: somebody who reads "The model file
exists." has just been told that it does not.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from edgekit.core import errors
from tests.house.source import ROOT

# Classes that are raised with a first line, and functions that raise one: where it stands among
# their arguments. The worker and the bundle's Python run without `edgekit.core.errors`.
_PLACES = {
    **{name: 0 for name in dir(errors) if isinstance(getattr(errors, name), type)},
    "kind": 0,
    "BadParameter": 0,
    "ClickException": 0,
    "GitHubError": 0,
    "reading": 1,
    "Failure": 1,
}
_OF_BUNDLES = {"ValueError": 0, "ImportError": 0}

# What must be, what was not or could not be, what is too much, what happened.
_FORMS = re.compile(
    r"\b(must|needs?|cannot|not|no|none|nothing|neither|lacks?"
    r"|is damaged|is nested too deeply|is larger than|is too (small|large)|is cut off"
    r"|already|differ|failed|crashed|changed|passed its|asked for more)\b"
)


def main():
    for place, line in sorted(lines()):
        if not _FORMS.search(line):
            print(place, line)
