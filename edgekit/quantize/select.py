"""Operators by the names of their source layers."""

from __future__ import annotations

import re
from collections.abc import Sequence

from edgekit import flatbuffer, recipes
from edgekit.errors import UsageError
from edgekit.flatbuffer import Model
from edgekit.names import nearest
from edgekit.records import Override, Quantization


def select(model: Model, overrides: Sequence[Override]) -> dict[int, Quantization | None]:
    """What overrides say of single operators, by index; later ones win.

    Args:
        model: The float file.
        overrides: Selectors and recipes.

    Raises:
        UsageError: A selector matches no layer, or is no regular expression; or there is no
            such recipe.
    """
    main = flatbuffer.binding(model).subgraph
    found = [op for op in flatbuffer.operators(model) if op.subgraph == main]
    layers = sorted({op.layer for op in found})
    chosen: dict[int, Quantization | None] = {}
    for override in overrides:
        how = recipes.get(override.recipe).quantize
        try:
            pattern = re.compile(override.layers)
        except re.error as error:
            raise UsageError(
                "A selector is a layer's name, or a regular expression that matches whole names.",
                received=f"{override.layers!r}: {error}",
            ) from None
        meant = [op for op in found if op.layer == override.layers or pattern.fullmatch(op.layer)]
        if not meant:
            raise UsageError(
                "A selector matches at least one layer of the model.",
                received=f"{override.layers!r}; the layers are {_some(layers)}",
                hint=nearest(override.layers, layers),
            )
        chosen.update({op.index: how for op in meant})
    return chosen


def _some(layers: Sequence[str], most: int = 30) -> str:
    shown = ", ".join(layers[:most])
    return shown + (f" and {len(layers) - most} more" if len(layers) > most else "")
