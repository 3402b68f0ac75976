"""What may be kept in another precision: operators, and what each can have instead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from edgekit import tflite
from edgekit.core import recipes
from edgekit.core.records import LayerError, Quantization, Recipe
from edgekit.quantize import select
from edgekit.quantize.rewrite import check_applied
from edgekit.quantize.rewrite.engine import Exceptions
from edgekit.tflite import Model, Operator, signal


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorGroup:
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
        return signal.decibels(1.0, self.noise)


def group_operators(
    model: Model, recipe: Recipe, errors: Sequence[LayerError], fixed: Exceptions
) -> list[OperatorGroup]:
    """The operators that a recipe changed, in order of execution.

    Args:
        model: The float file.
        recipe: What was done.
        errors: By `quantize.diagnose.layer_errors`.
        fixed: What was asked for by hand: not to be changed.
    """
    how = recipe.quantize
    if how is None:
        return []
    by_tensor = {error.tensor: error for error in errors}
    groups: list[OperatorGroup] = []
    for op in tflite.main_operators(model):
        if op.facts.is_cast or op.index in fixed:
            continue
        error = _error(op, by_tensor)
        meant = check_applied.is_meant(op, how) or select.treats(model, op, how)
        if not meant or error is None or error.scheme == "float":
            continue
        weighted = select.treats(model, op, recipes.INT8_WEIGHTS)
        last = groups[-1] if groups else None
        joins = (
            last is not None
            and not weighted
            and not last.weighted
            and last.layer == op.layer
            and last.operators[-1] == op.index - 1
        )
        group = OperatorGroup(
            operators=(*(last.operators if joins and last else ()), op.index),
            names=(*(last.names if joins and last else ()), op.name),
            layer=op.layer,
            weighted=weighted,
            noise=_noise(error) + (last.noise if joins and last else 0.0),
            weight_bytes=sum(t.weight_bytes for t in op.constants if len(t.shape) >= 2),
        )
        if joins:
            groups[-1] = group
        else:
            groups.append(group)
    return groups


def _error(op: Operator, by_tensor: Mapping[str, LayerError]) -> LayerError | None:
    return next((by_tensor[t.name] for t in op.outputs if t.name in by_tensor), None)


def _noise(error: LayerError) -> float:
    sqnr = error.output_sqnr_db if error.output_sqnr_db is not None else error.local_sqnr_db
    return 0.0 if sqnr is None else signal.noise_to_signal(sqnr)


def ranked(groups: Sequence[OperatorGroup], recipe: Recipe) -> list[OperatorGroup]:
    """Whom to keep first: those that do the most harm, where bytes are saved for each byte."""
    how = recipe.quantize
    by_bytes = how is not None and how.scheme == "weight_only"

    def blame(group: OperatorGroup) -> float:
        return group.noise / max(1, group.weight_bytes) if by_bytes else group.noise

    return sorted(groups, key=lambda group: (-blame(group), group.operators))


def exceptions(
    model: Model, operators: Mapping[int, Operator], kept: Sequence[OperatorGroup], fallback: str
) -> dict[int, Quantization | None]:
    """What the operators of some groups have, where the best they can is `fallback`.

    Operators without weights become float, if the fallback is about weights only. An operator
    that has no dynamic form (a depthwise convolution: it is slower so) keeps int8 weights and
    computes in float.

    Args:
        model: The float file.
        operators: Of its main graph, by index.
        kept: The groups.
        fallback: The name of a recipe.
    """
    wanted = recipes.RECIPES[fallback].quantize
    return {
        index: None if wanted is None else _best(model, operators[index], wanted)
        for group in kept
        for index in group.operators
    }


def _best(model: Model, op: Operator, how: Quantization) -> Quantization | None:
    if select.treats(model, op, how):
        return how
    return select.effective(model, op, recipes.INT8_WEIGHTS) if how.scheme == "dynamic" else None
