"""What an output is, in words for the comments of generated code."""

from __future__ import annotations

from edgekit.core.output_kinds import OutputKind
from edgekit.core.records import TensorSpec

_WORDS: dict[OutputKind, str] = {
    "classes": "a value for each class, of which the largest counts",
    "binary": "a decision: yes above the threshold",
    "tags": "decisions of their own: each yes above the threshold",
    "scores": "how sure it is of each class",
    "boxes": "boxes",
    "mask": "what each pixel is",
    "values": "values",
    "ids": "ids",
    "embedding": "an embedding",
    "image": "pixels",
    "sound": "sound",
    "state": "state for the next call",
}


def output_words(spec: TensorSpec) -> str:
    """What an output, or each group of its columns, is; empty where nobody knows.

    >>> from edgekit.core.output_kinds import Columns
    >>> boxes = Columns(kind="boxes", start=0, stop=4)
    >>> score = Columns(kind="scores", start=4, stop=5)
    >>> output_words(TensorSpec(name="y", shape=(1, 9, 5), dtype="", columns=(boxes, score)))
    'boxes in columns 0 to 3, scores in column 4'
    """
    if spec.columns:
        return ", ".join(
            f"{one.kind} in column{_range(one.start, one.stop - 1)}" for one in spec.columns
        )
    return _WORDS[spec.kind] if spec.kind else ""


def _range(first: int, last: int) -> str:
    return f" {first}" if first == last else f"s {first} to {last}"
