"""Masks of attention, which must not widen the range of the scores.

What a mask hides gets the largest negative number, or 1e9 taken from it, before SOFTMAX makes zeros
of that. One scale for both would leave nothing of the scores. A number that lies a little below all
scores gives the same zeros, as far as integers can say.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from edgekit import tflite
from edgekit.tflite import Model, Operator, Tensor, interpreter
from edgekit.tflite.graph_edits import add_constant

# No score is so large; every mask's number is. What a product has may scale scores, up to here.
_HUGE, _HUGE_FACTOR = 1e3, 1e4
# All that is hidden adds at most `exp(-_BELOW)` to what SOFTMAX divides by, which int8 cannot hold.
_BELOW = 6.0
_SELECTS = ("SELECT", "SELECT_V2")
_ADDS = ("ADD", "SUB")
_THROUGH = ("MUL", "RESHAPE", "TRANSPOSE", "EXPAND_DIMS", "SQUEEZE", "BROADCAST_TO", "TILE")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mask:
    """A constant with huge numbers, where an operator on the way to a SOFTMAX reads it.

    Attributes:
        op: The operator.
        place: Of the constant among its operands.
        added: Whether it is added to the scores; else it takes their place.
    """

    op: Operator
    place: int
    added: bool


def limited(model: Model, inputs: Mapping[str, np.ndarray]) -> Model:
    """A copy whose masks lie just below the scores; the model itself where it has none.

    Args:
        model: A float model, which stays as it is.
        inputs: Some samples by input name, `(n, ...)`, to see the scores.

    Raises:
        QuantizeError: The interpreter could not run the samples.
    """
    operators = tflite.main_operators(model)
    makers = {tensor.index: op for op in operators for tensor in op.outputs}
    found = {
        op.inputs[0]: list(_masks(model, makers, op.inputs[0], added=False))
        for op in operators
        if op.name == "SOFTMAX"
    }
    found = {scores: masks for scores, masks in found.items() if masks}
    if not found:
        return model
    seen = interpreter.run(model, inputs, {str(scores.index): scores.index for scores in found})
    copy = tflite.read(tflite.to_bytes(model))
    number = tflite.binding(copy).subgraph
    limits: dict[tuple[int, int], tuple[_Mask, float]] = {}
    for scores, masks in found.items():
        values = seen[str(scores.index)].astype(np.float64)
        shown = values[np.abs(values) < _HUGE]  # of what is hidden, -inf, too, nothing is known
        if not shown.size:
            continue
        below = _BELOW + math.log(max(1, abs(scores.shape[-1])))
        for mask in masks:
            limit = float(np.ptp(shown)) + below if mask.added else below - float(shown.min())
            # Layers may share a mask (T5): it lies below the scores of each.
            place = (mask.op.index, mask.place)
            _, other = limits.get(place, (mask, 1.0))
            limits[place] = mask, max(limit, other)
    for mask, limit in limits.values():
        _limit(copy, number, mask, limit)
    return copy


def _masks(
    model: Model, makers: Mapping[int, Operator], tensor: Tensor, *, added: bool
) -> Iterator[_Mask]:
    """All on the way to a tensor, behind operators that choose, add, scale or move."""
    op = makers.get(tensor.index)
    if op is None or op.name not in (*_SELECTS, *_ADDS, *_THROUGH):
        return
    added |= op.name in _ADDS
    for place, operand in enumerate(op.operands):
        if operand is None or operand.dtype != "float32":
            continue
        if not operand.is_constant:
            yield from _masks(model, makers, operand, added=added)
        elif op.name != "MUL" and _largest(model, operand) >= _HUGE:
            yield _Mask(op=op, place=place, added=added)
        elif op.name == "MUL" and added and _largest(model, operand) >= _HUGE_FACTOR:
            yield _Mask(op=op, place=place, added=True)


def _largest(model: Model, operand: Tensor) -> float:
    return float(np.abs(tflite.constant(model, operand)).max(initial=0.0))


def _limit(model: Model, number: int, mask: _Mask, limit: float) -> None:
    operand = mask.op.operands[mask.place]
    assert operand is not None
    values = tflite.constant(model, operand)
    small = np.where(np.abs(values) < _HUGE, values, np.sign(values) * np.float32(limit))
    graph = model.subgraphs[number]
    name = f"{operand.name}/limited_{mask.op.index}_{mask.place}"
    raw = graph.operators[mask.op.index]
    raw.inputs[mask.place] = add_constant(model, graph, name, small.astype(np.float32))
