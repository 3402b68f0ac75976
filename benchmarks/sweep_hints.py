"""The hint of a refusal, carried out: what it promises must happen.

A hint is read for what can be done without a person: options and recipes that it names, and a
layer that is to leave the model. What it says beyond that is advice, and counted as such.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from edgekit.core.recipes import RECIPES

KEPT, ADVICE = "kept", "advice"

# Takes the words of `edgekit convert`, answers what `sweep_worker.convert` does.
Convert = Callable[[list[str]], Mapping[str, Any]]

_PLAIN_FLAGS = ("--unsafe", "--no-bias-correction", "--force")
_OUT_OF_THE_MODEL = re.compile(r"out of the model|(?:pre|post)processing")
_LAYER = re.compile(r"\bin layers? ([\w./-]+)")
_OPEN_SIZE = 16


def carry_out(hint: str, received: str, model: Path, words: Sequence[str], convert: Convert) -> str:
    """Do what a hint says.

    Args:
        hint: The refusal's next step.
        received: What the refusal says of the model: where a layer is named.
        model: The refused model.
        words: Options of the refused conversion, without the model, the recipe and the output.
        convert: Runs edgekit in a folder of its own.

    Returns:
        `kept`; `advice` where there is nothing that could be done; else what went wrong.
    """
    recipes = [name for name in RECIPES if re.search(rf"\b{name}\b", hint)]
    flags = [flag for flag in _PLAIN_FLAGS if flag in hint]
    tries: list[list[str]] = [[str(model), *words, *flags, "-r", name] for name in recipes]
    if flags and not recipes:
        tries = [[str(model), *words, *flags, "-r", "float32"]]
    if "--input-shape" in hint:
        shapes = _open_shapes(model)
        if not shapes:
            return "--input-shape: no size of the model is unknown"
        tries.append([str(model), *words, *shapes, "-r", "float32"])
    if not tries and _OUT_OF_THE_MODEL.search(hint):
        rest = _without_layer(model, received)
        if rest is None:
            return ADVICE
        tries = [[str(rest), "-r", "float32"]]
    if not tries:
        return ADVICE
    for attempt in tries:
        answer = convert(attempt)
        if answer["code"] != 0:
            error = answer.get("error") or {}
            return f"{' '.join(attempt[1:])}: exit {answer['code']}, {error.get('rule', '')}"
    return KEPT


def _open_shapes(model: Path) -> list[str]:
    """`--input-shape` for each input with an unknown size."""
    found = []
    for tensor in getattr(_load(model), "inputs", None) or ():
        if None in tensor.shape[1:]:
            sizes = ",".join(str(size or _OPEN_SIZE) for size in (1, *tensor.shape[1:]))
            found += ["--input-shape", f"{tensor.name}={sizes}"]
    return found


def _without_layer(path: Path, received: str) -> Path | None:
    """The model without the layer that a refusal names: what comes after it, or before it.

    None where the layer stands amid the model, is all of it, or no layer is named.
    """
    import keras

    named = _LAYER.search(received)
    model = _load(path)
    if named is None or not isinstance(model, keras.Model) or not model.inputs:
        return None
    layers = {layer.name: layer for layer in model.layers}
    layer = layers.get(named.group(1))
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


def _load(path: Path) -> Any:
    from benchmarks import sweep_peer

    return sweep_peer.load_keras(path)
