"""Operators by the names of their source layers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.errors import UsageError
from edgekit.core.records import Kept, Override, Quantization, Recipe
from edgekit.core.suggest import nearest
from edgekit.quantize.rewrite import check_applied, control_flow
from edgekit.quantize.rewrite.engine import Exceptions
from edgekit.tflite import Model, Operator


def by_hand(model: Model, recipe: Recipe) -> dict[int, Quantization | None]:
    """What the recipe's overrides say of single operators of the float file, by index.

    Raises:
        UsageError: A selector matches nothing (see `select`).
    """
    overrides = recipe.quantize.overrides if recipe.quantize else ()
    return select(model, overrides) if overrides else {}


def select(model: Model, overrides: Sequence[Override]) -> dict[int, Quantization | None]:
    """What overrides say of single operators, by index; later ones win.

    Args:
        model: The float file.
        overrides: Selectors and recipes.

    Raises:
        UsageError: A selector matches no layer, or is no regular expression; there is no
            such recipe, or none of the operators can be quantized so.
    """
    operators = _operators(model)
    layers = sorted({op.layer for op in operators})
    chosen: dict[int, Quantization | None] = {}
    for override in overrides:
        how = recipes.get(override.recipe).quantize
        meant = [op for op in operators if _matches(override, op)]
        if not meant:
            raise UsageError(
                "The selector matches no layer of the model.",
                received=f"{override.layers!r}; the layers are {_some(layers)}",
                hint=nearest(override.layers, layers),
            )
        if how is not None and not any(treats(model, op, how) for op in meant):
            names = ", ".join(dict.fromkeys(op.name for op in meant))
            raise UsageError(
                f"{override.recipe} cannot be applied to any operator of the selected layers.",
                received=f"{override.layers!r}, which has {names} only",
                hint="name a layer with weights, or keep it float with --keep-float.",
            )
        chosen.update({op.index: how for op in meant})
    return chosen


def kept(
    model: Model,
    recipe: Recipe,
    exceptions: Exceptions,
    reasons: Mapping[int, str] | None = None,
) -> tuple[Kept, ...]:
    """The operators that have another precision than the recipe's, and why.

    Operators that the recipe leaves as they are, and exceptions that say the same as the
    recipe, are none.

    Args:
        model: The float file.
        recipe: What was asked for.
        exceptions: What single operators of its main graph have instead, by index.
        reasons: Why, by index; that somebody asked for it where there is none.
    """
    how = recipe.quantize
    if how is None:
        return ()
    result = []
    for op in _operators(model):
        if op.index not in exceptions or not (
            check_applied.is_meant(op, how) or treats(model, op, how)
        ):
            continue
        name = recipes.name_of(effective(model, op, exceptions[op.index]))
        if name == recipes.name_of(effective(model, op, how)) != "float32":
            continue
        asked = next((o for o in reversed(how.overrides) if _matches(o, op)), None)
        reason = (reasons or {}).get(op.index) or (
            f"asked for: {asked.layers}={asked.recipe}" if asked else "asked for"
        )
        result.append(Kept(layer=op.layer, operator=op.name, recipe=name, reason=reason))
    return tuple(result)


def effective(model: Model, op: Operator, how: Quantization | None) -> Quantization | None:
    """What an operator has of `how`: nothing without weights where that is about weights."""
    if how is None or treats(model, op, how):
        return how
    # The quantizer stores what it has no 4-bit form for in 8 bits.
    if how.scheme == "weight_only" and treats(model, op, recipes.INT8_WEIGHTS):
        return recipes.INT8_WEIGHTS
    return None


def treats(model: Model, op: Operator, how: Quantization) -> bool:
    """Whether the quantizer does to an operator what `how` says; of a loop, to any inside it."""
    if check_applied.treats(op, how):
        return True
    if not op.facts.has_bodies:
        return False
    inside = {number for number, by in control_flow.owners(model).items() if op.index in by}
    return any(
        check_applied.treats(inner, how)
        and (how.scheme != "static" or control_flow.multiplies_by_weights(inner))
        for inner in tflite.operators(model)
        if inner.subgraph in inside
    )


def _operators(model: Model) -> list[Operator]:
    return [op for op in tflite.main_operators(model) if not op.facts.is_cast]


def _matches(override: Override, op: Operator) -> bool:
    return override.layers == op.layer or bool(_pattern(override).fullmatch(op.layer))


def _pattern(override: Override) -> re.Pattern[str]:
    try:
        return re.compile(override.layers)
    except re.error as error:
        raise UsageError(
            "A selector must be a layer's name, or a regular expression that matches whole names.",
            received=f"{override.layers!r}: {error}",
        ) from None


def _some(layers: Sequence[str], most: int = 30) -> str:
    shown = ", ".join(layers[:most])
    return shown + (f" and {len(layers) - most} more" if len(layers) > most else "")
