"""What an output is, as far as apps and figures need to know: its kind, and that of its columns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from edgekit.core.errors import ProjectError
from edgekit.core.suggest import nearest

OutputKind = Literal[
    "classes",  # one of several, the largest along the last axis: `(classes,)` or by position
    "binary",  # one value: yes above the threshold
    "tags",  # independent decisions, each above the threshold
    "scores",  # as tags, of detections: how sure a box, a row, is of each class
    "boxes",  # corners or centres and sizes, a row for each detection
    "mask",  # classes (or one decision) for each pixel
    "values",  # numbers with units of their own, by column
    "ids",  # integers that name things
    "embedding",  # a vector whose directions mean something, not its single values
    "image",  # pixels
    "sound",  # sound over time
    "state",  # what a streaming model wants back at the next call
]
KINDS: tuple[OutputKind, ...] = get_args(OutputKind)
DECISIONS: frozenset[OutputKind] = frozenset(("classes", "binary", "tags", "scores", "mask"))
"""Kinds whose values are how sure the model is; their scale is that of probabilities or logits."""
DECIDING: frozenset[OutputKind] = frozenset(("classes", "binary", "tags", "mask", "ids"))
"""Kinds of outputs of which all that matters is what they decide: two files agree, or not."""
COLUMNS: frozenset[OutputKind] = frozenset(("values", "boxes"))
"""Kinds each column of which has a unit, and so a spread, of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Columns `start` to `stop` (not included) of an output's last axis, which are of one kind."""

    kind: OutputKind
    start: int
    stop: int


def check_kind(kind: str, where: str) -> None:
    """Refuse a kind that is none.

    Raises:
        ProjectError: It is none; the nearest one is named.
    """
    if kind not in KINDS:
        raise ProjectError(
            f"{where} must be one of {', '.join(KINDS)}.",
            received=repr(kind),
            hint=nearest(kind, KINDS),
        )


def columns(stated: Mapping[str, tuple[int, ...]], width: int, where: str) -> tuple[Columns, ...]:
    """Columns by kind, as `edgekit.toml` states them, checked.

    Args:
        stated: `{kind: (start, stop)}`.
        width: How many columns there are; -1 where that is unknown.
        where: The key, for errors.

    Raises:
        ProjectError: An unknown kind, or ranges that overlap, leave gaps or are none.
    """
    found = []
    for kind, ends in stated.items():
        check_kind(kind, f"{where} columns")
        if len(ends) != 2 or not 0 <= ends[0] < ends[1]:
            raise ProjectError(
                f"{where} columns must be ranges [start, stop] with start below stop.",
                received=f"{kind} = {list(ends)}",
                hint="stop is the first column behind: boxes = [0, 4] are four.",
            )
        found.append(Columns(kind=KINDS[KINDS.index(kind)], start=ends[0], stop=ends[1]))
    found.sort(key=lambda one: one.start)
    end = 0
    for one in found:
        if one.start != end:
            fault = "overlap" if one.start < end else "leave a gap"
            raise ProjectError(
                f"{where} columns must follow one another from 0 on.",
                received=f"{_shown(found)}, which {fault} at column {min(one.start, end)}",
            )
        end = one.stop
    if found and width not in (-1, end):
        raise ProjectError(
            f"{where} columns must be all {width} of the output's last axis.",
            received=_shown(found),
        )
    return tuple(found)


def _shown(found: Iterable[Columns]) -> str:
    return ", ".join(f"{one.kind} = [{one.start}, {one.stop}]" for one in found)


def recognised(
    shape: tuple[int, ...], dtype: str, *, quantized: bool, activation: str | None, labelled: bool
) -> OutputKind | None:
    """The kind of an output where its graph leaves no doubt; None where it does.

    Args:
        shape: With the batch; -1 where a size is unknown.
        dtype: NumPy's name.
        quantized: Whether its integers are codes for real values.
        activation: What its last operator computes: `softmax`, `sigmoid`, or anything else.
        labelled: Whether its values have names.
    """
    inner = shape[1:]
    if dtype.startswith(("int", "uint", "bool")) and not quantized:
        return "ids"
    if activation == "sigmoid":
        if math.prod(inner) == 1:
            return "binary"
        return "tags" if len(inner) < 3 else None  # a mask, or an image of an autoencoder
    if activation == "softmax":
        return "classes" if len(inner) < 3 else "mask"
    return "classes" if labelled else None
