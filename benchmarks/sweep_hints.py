"""The hint of a refusal, carried out: what it promises must happen.

A hint is read for what can be done without a person: options and recipes that it names, and a
layer that is to leave the model. What it says beyond that is advice, and counted as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from edgekit.cli.convert_command import convert as convert_command
from edgekit.core.recipes import RECIPES

KEPT, ADVICE = "kept", "advice"

# Takes the words of `edgekit convert`, answers what `sweep_worker.convert` does.
Convert = Callable[[list[str]], Mapping[str, Any]]

_OUT_OF_THE_MODEL = re.compile(r"out of the model|let the model end before it")
_LAYER = re.compile(r"\bin layers? ([\w./-]+)")
_FUNCTION = re.compile(r"\bkeras\.(?:ops|activations)\.(?:\w+\.)*(\w+)")
_CLAUSE = re.compile(r"; |, (?:or|and) |\bor\b|\. ")
_OPTION = re.compile(r"(?<![\w-])(--[a-z][a-z-]*)(?:[ =]([\w.:=/,-]*[\w]))?")
_IN_TENSORFLOW = "inside tf.function"
_OPEN_SIZE = 16


@dataclass(frozen=True, slots=True)
class Refused:
    """A conversion that was refused.

    Attributes:
        model: The model.
        recipe: What was to be made.
        words: Further words of the command.
        received: What the refusal says of the model: where a layer is named.
        samples: Data for the model, also where the conversion had none.
    """

    model: Path
    recipe: str
    words: Sequence[str]
    received: str = ""
    samples: Path | None = None


def carry_out(hint: str, refused: Refused, convert: Convert) -> str:
    """Do what a hint says; each of its alternatives has to lead to a file.

    Args:
        hint: The refusal's next step.
        refused: What was refused.
        convert: Runs edgekit in a folder of its own.

    Returns:
        `kept`; `advice` where there is nothing that could be done; else what went wrong.
    """
    if _IN_TENSORFLOW in hint:
        return KEPT if _fails_in_tensorflow(refused.model) else "the model runs in tf.function"
    tries = [words for clause in _CLAUSE.split(hint) for words in _attempts(clause, refused)]
    if not tries and _OUT_OF_THE_MODEL.search(hint):
        rest = _without_layer(refused.model, refused.received)
        tries = [[str(rest), "-r", "float32"]] if rest else []
    if not tries:
        return ADVICE
    for attempt in tries:
        if "" in attempt:
            return f"{hint}: the model has nothing of the kind"
        answer = convert(attempt)
        if answer["code"] != 0:
            error = answer.get("error") or {}
            return f"{' '.join(attempt[1:])}: exit {answer['code']}, {error.get('rule', '')}"
    return KEPT


def _attempts(clause: str, refused: Refused) -> list[list[str]]:
    """The commands that one alternative names; none where it is words alone."""
    known = _options()
    words, changed = list(refused.words), False
    for option, value in _OPTION.findall(clause):
        if option not in known or option == "--recipe":
            continue
        changed = True
        if re.search(rf"leave (?:out {option}|{option} out)", clause):
            words = _left_out(words, option, known[option])
        elif option == "--input-shape":
            words += _open_shapes(refused.model) or [""]
        elif value.startswith("DATA"):
            words += [option, str(refused.samples or "")]
        else:
            words += [option, value] if known[option] else [option]
    recipes = [name for name in RECIPES if re.search(rf"\b{name}\b", clause)]
    if not changed and not recipes:
        return []
    model = str(refused.model)
    return [[model, *words, "-r", name] for name in recipes or [refused.recipe]]


@cache
def _options() -> dict[str, bool]:
    """The options of `edgekit convert`, and whether each takes a value."""
    return {
        name: not getattr(parameter, "is_flag", False)
        for parameter in convert_command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }


def _left_out(words: Sequence[str], option: str, takes_value: bool) -> list[str]:
    if option not in words:
        return list(words)
    place = list(words).index(option)
    return [*words[:place], *words[place + 1 + takes_value :]]


def _open_shapes(model: Path) -> list[str]:
    """`--input-shape` for each input with an unknown size."""
    found = []
    for tensor in getattr(_load(model), "inputs", None) or ():
        if None in tensor.shape[1:]:
            sizes = ",".join(str(size or _OPEN_SIZE) for size in (1, *tensor.shape[1:]))
            found += ["--input-shape", f"{tensor.name}={sizes}"]
    return found


def _without_layer(path: Path, received: str) -> Path | None:
    """The model without what a refusal names: what comes after it, or before it.

    None where that stands amid the model, is all of it, or is not named.
    """
    import keras

    model = _load(path)
    if not isinstance(model, keras.Model) or not model.inputs:
        return None
    layer = _named(model, received)
    if layer is None:
        return None
    taken = keras.tree.flatten(layer.input)
    result = keras.tree.flatten(layer.output)
    starts = all(any(t is i for i in model.inputs) for t in taken)
    ends = all(any(t is o for o in model.outputs) for t in result)
    if starts == ends:
        return None
    rest = keras.Model(result, model.outputs) if starts else keras.Model(model.inputs, taken)
    out = path.parent / "without_layer.keras"
    rest.save(out)
    return out


def _named(model: Any, received: str) -> Any:
    """The layer, or the call of a function, that a refusal names; None where it is not there."""
    operations = {operation.name: operation for operation in model.operations}
    layer = _LAYER.search(received)
    if layer and layer.group(1) in operations:
        return operations[layer.group(1)]
    function = _FUNCTION.search(received)
    calls = (o for n, o in operations.items() if function and _called(n) == function.group(1))
    return next(calls, None)


def _called(name: str) -> str:
    return re.sub(r"_\d+$", "", name)


def _fails_in_tensorflow(path: Path) -> bool:
    """Whether the model cannot be called on one sample inside `tf.function`."""
    import tensorflow as tf

    model = _load(path)
    samples = [tf.zeros([size or 1 for size in t.shape], t.dtype) for t in model.inputs]
    try:
        tf.function(model)(samples if len(samples) > 1 else samples[0])
    except Exception:  # whatever the model's own code raises
        return True
    return False


def _load(path: Path) -> Any:
    from benchmarks import sweep_peer

    return sweep_peer.load_keras(path)
