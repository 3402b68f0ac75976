"""Which named array feeds which input of a model, and which hold labels of its outputs.

Names are those of the inputs (`x` where there is one) and, for labels, `y` or those of the
outputs, with a word of the purpose before or behind: `test_age`, `age_test`. A detector's are
`boxes` and `classes` (see `data.box_labels`). A name that fits an
input and an output is the input's; `labels/NAME` is the output's in any case.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from edgekit.core.errors import DataError
from edgekit.core.records import Contract
from edgekit.core.suggest import nearest
from edgekit.data import box_labels

Purpose = Literal["calibration", "evaluation", "training"]
WORDS: dict[Purpose, tuple[str, ...]] = {
    "calibration": ("calibration", "calib"),
    "evaluation": ("evaluation", "eval", "test"),
    "training": ("training", "train"),
}
HEAD = "labels/"
"""What the name of an array begins with that holds labels of an output, and nothing else."""

_LABELS = ("y", "labels", "label")


@dataclass(frozen=True, slots=True, kw_only=True)
class Picked:
    """Names of arrays.

    Attributes:
        inputs: By input.
        labels: Of the labels that name no output.
        heads: Of labels, by output.
        boxes: Of labelled boxes and their classes; none where there are not both.
        ignored: Of arrays that are for nothing, whatever the purpose.
    """

    inputs: dict[str, str]
    labels: str | None = None
    heads: dict[str, str] = field(default_factory=dict)
    boxes: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


def pick(names: tuple[str, ...], contract: Contract, purpose: Purpose, source: str) -> Picked:
    """What arrays of these names are for.

    Those of the purpose's words win, and their labels are those of the same word only.
    Calibration falls back to training arrays.

    Raises:
        DataError: An input has no array, or `labels/NAME` names no output.
    """
    ignored = _ignored(names, contract)
    check_heads([name.partition(HEAD)[2] for name in ignored if HEAD in name], contract, source)
    inputs = [spec.name for spec in contract.inputs]
    words: list[str] = [*WORDS[purpose], ""]
    if purpose == "calibration":
        words += WORDS["training"]
    for word in words:
        picked = {n: k for n in inputs if (k := _spelled(n, word, names, len(inputs) == 1))}
        if len(picked) == len(inputs):
            return replace(_with_labels(picked, word, names, contract), ignored=ignored)
        if picked and word:
            break  # half of the inputs under the purpose's name is a slip, not a choice
    raise _missing(names, inputs, purpose, source)


def _with_labels(
    inputs: dict[str, str], word: str, names: tuple[str, ...], contract: Contract
) -> Picked:
    free = tuple(name for name in names if name not in inputs.values())
    outputs = [spec.name for spec in contract.outputs]
    boxes = _boxes(word, free, contract)
    free = tuple(name for name in free if name not in boxes)
    heads = {n: k for n in outputs if (k := _first((f"{HEAD}{n}", n), word, free))}
    labels = _first(_LABELS, word, tuple(name for name in free if name not in heads.values()))
    if len(outputs) == 1 and heads:  # y and the output's own name mean the same
        name = heads.pop(outputs[0])
        labels = name if name.startswith(HEAD) or labels is None else labels
    return Picked(inputs=inputs, labels=labels, heads=heads, boxes=boxes)


def _boxes(word: str, names: tuple[str, ...], contract: Contract) -> tuple[str, ...]:
    """Names of the arrays of boxes and of classes, where there are both and an output for them."""
    found = [name for base in box_labels.ARRAYS if (name := _first((base,), word, names))]
    both = len(found) == len(box_labels.ARRAYS) and box_labels.output(contract)
    return tuple(found) if both else ()


def _ignored(names: tuple[str, ...], contract: Contract) -> tuple[str, ...]:
    known = [spec.name for spec in (*contract.inputs, *contract.outputs)]
    bases = (*known, *(f"{HEAD}{name}" for name in known), "x", *_LABELS)
    bases = (*bases, *(box_labels.ARRAYS if box_labels.output(contract) else ()))
    words = ("", *(word for some in WORDS.values() for word in some))
    spelled = {one for word in words for base in bases for one in _spellings(base, word)}
    return tuple(name for name in names if name not in spelled)


def check_heads(names: Iterable[str], contract: Contract, source: str) -> None:
    """Refuse labels of an output that the model lacks.

    Raises:
        DataError: There are such; the nearest output is named.
    """
    outputs = [spec.name for spec in contract.outputs]
    for name in names:
        if name not in outputs:
            raise DataError(
                f"Labels in {source} must be of outputs of the model: {', '.join(outputs)}.",
                received=f"labels of {name!r}",
                hint=nearest(name, outputs),
            )


def _missing(names: tuple[str, ...], inputs: list[str], purpose: Purpose, source: str) -> DataError:
    """The inputs without an array, and the one change that would help."""
    alone = len(inputs) == 1
    bare = {n: _spelled(n, "", names, alone) for n in inputs}
    lacking = [name for name in inputs if bare[name] is None] or inputs
    hint: str | None = None
    for word in WORDS[purpose]:
        some = {n: k for n in inputs if (k := _spelled(n, word, names, alone))}
        if some:
            lacking = [name for name in inputs if name not in some]
            hint = _same_word(some, lacking, word, purpose)
            break
    free = [name for name in names if name not in bare.values()]
    if hint is None and "x" in names and not alone:
        hint = "x feeds a model with one input; with several, name each array as its input."
    if hint is None:
        near = difflib.get_close_matches(lacking[0].lower(), [n.lower() for n in free], 1, 0.5)
        meant = next((n for n in free if near and n.lower() == near[0]), None)
        hint = f"rename {meant!r} to {lacking[0]!r}." if meant else None
    if all(name.isidentifier() for name in inputs):
        arguments = ", ".join(f"{name}=..." for name in inputs)
    else:
        arguments = "**{" + ", ".join(f"{name!r}: ..." for name in inputs) + "}"
    wanted = ", ".join(inputs) + (" (or x)" if alone else "")
    return DataError(
        f"{source} must have an array for each input of the model: {wanted}.",
        received=f"arrays {', '.join(names) or '(none)'}; none for {', '.join(lacking)}",
        hint=hint or f"name them so: numpy.savez_compressed(path, {arguments}).",
    )


def _same_word(some: Mapping[str, str], lacking: list[str], word: str, purpose: Purpose) -> str:
    given = next(iter(some.values()))
    before = given.startswith(f"{word}_")
    rest = ", ".join(f"{word}_{n}" if before else f"{n}_{word}" for n in lacking)
    return f"{given!r} is for {purpose}, so all inputs are: add {rest}."


def _spelled(name: str, word: str, names: tuple[str, ...], alone: bool) -> str | None:
    return _first((name, "x") if alone else (name,), word, names)


def _first(bases: tuple[str, ...], word: str, names: tuple[str, ...]) -> str | None:
    for base in bases:
        for spelled in _spellings(base, word):
            if spelled in names:
                return spelled
    return None


def _spellings(base: str, word: str) -> tuple[str, ...]:
    return (f"{word}_{base}", f"{base}_{word}") if word else (base,)
