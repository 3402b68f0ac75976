"""What may be kept in another precision: operators, and what each can have instead."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import LayerError, Quantization, Recipe
from edgekit.quantize import select
from edgekit.quantize.rewrite import check_applied
from edgekit.quantize.rewrite.cast_pairs import CASTS
from edgekit.quantize.rewrite.engine import Exceptions
from edgekit.tflite import Model, Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """One operator with weights, or neighbours without weights of one layer.

    Attributes:
        operators: Their indices in the main graph of the float file, in order.
        names: What they are, in that order.
        layer: Where they come from.
        weighted: Whether it has weights.
        noise: What their errors alone do to the outputs: noise over signal, summed.
        weight_bytes: Of the float weights.
    """

    operators: tuple[int, ...]
    names: tuple[str, ...]
    layer: str
    weighted: bool
    noise: float
    weight_bytes: int

    @property
    def sqnr_db(self) -> float:
        """The outputs' SQNR if these errors were all there is."""
        return math.inf if self.noise == 0 else -10 * math.log10(self.noise)


def units(
    model: Model, recipe: Recipe, errors: Sequence[LayerError], fixed: Exceptions
) -> list[Unit]:
    """The operators that a recipe changed, in order of execution.

    Args:
        model: The float file.
        recipe: What was done.
        errors: By `quantize.blame.layer_errors`.
        fixed: What was asked for by hand: not to be changed.
    """
    how = recipe.quantize
    assert how is not None
    weights = recipes.RECIPES["weight_only_wi8_afp32"].quantize
    assert weights is not None
    by_tensor = {error.tensor: error for error in errors}
    main = tflite.binding(model).subgraph
    made: list[Unit] = []
    for op in tflite.operators(model):
        if op.subgraph != main or op.name in CASTS or op.index in fixed:
            continue
        error = _error(op, by_tensor)
        meant = check_applied.is_meant(op, how) or select.treats(model, op, how)
        if not meant or error is None or error.scheme == "float":
            continue
        weighted = select.treats(model, op, weights)
        last = made[-1] if made else None
        joins = (
            last is not None
            and not weighted
            and not last.weighted
            and last.layer == op.layer
            and last.operators[-1] == op.index - 1
        )
        one = Unit(
            operators=(*(last.operators if joins and last else ()), op.index),
            names=(*(last.names if joins and last else ()), op.name),
            layer=op.layer,
            weighted=weighted,
            noise=_noise(error) + (last.noise if joins and last else 0.0),
            weight_bytes=sum(t.weight_bytes for t in op.constants if len(t.shape) >= 2),
        )
        if joins:
            made[-1] = one
        else:
            made.append(one)
    return made


def _error(op: Operator, by_tensor: Mapping[str, LayerError]) -> LayerError | None:
    return next((by_tensor[t.name] for t in op.outputs if t.name in by_tensor), None)


def _noise(error: LayerError) -> float:
    sqnr = error.output_sqnr_db if error.output_sqnr_db is not None else error.local_sqnr_db
    if sqnr is None or sqnr == math.inf:
        return 0.0
    return math.pow(10.0, min(-sqnr, 300.0) / 10)


def ranked(found: Sequence[Unit], recipe: Recipe) -> list[Unit]:
    """Whom to keep first: those that do the most harm, where bytes are saved for each byte."""
    how = recipe.quantize
    by_bytes = how is not None and how.scheme == "weight_only"

    def blame(unit: Unit) -> float:
        return unit.noise / max(1, unit.weight_bytes) if by_bytes else unit.noise

    return sorted(found, key=lambda unit: (-blame(unit), unit.operators))


def exceptions(
    model: Model, operators: Mapping[int, Operator], kept: Sequence[Unit], fallback: str
) -> dict[int, Quantization | None]:
    """What the operators of some units have, where the best they can is `fallback`.

    Operators without weights become float, if the fallback is about weights only. An operator
    that has no dynamic form (a depthwise convolution: it is slower so) keeps int8 weights and
    computes in float.

    Args:
        model: The float file.
        operators: Of its main graph, by index.
        kept: The units.
        fallback: The name of a recipe.
    """
    wanted = recipes.RECIPES[fallback].quantize
    return {
        index: None if wanted is None else _best(model, operators[index], wanted)
        for unit in kept
        for index in unit.operators
    }


def _best(model: Model, op: Operator, how: Quantization) -> Quantization | None:
    if select.treats(model, op, how):
        return how
    weights = recipes.RECIPES["weight_only_wi8_afp32"].quantize
    return select.effective(model, op, weights) if how.scheme == "dynamic" else None
