"""Integers that a graph carries as floats for a while: ids, classes, counts, positions.

Rounded to the grid of a quantization range, id 3 becomes 2. So what leads to a cast back to an
integer stays float, up to where numbers are multiplied by weights; and so does what leads from a
cast of integers to a comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from edgekit import tflite
from edgekit.core.records import Quantization
from edgekit.tflite import Model, Operator, Tensor

KEPT = "it leads to a cast to integers: rounding would make others of them"

_COMPARISONS = ("EQUAL", "NOT_EQUAL", "LESS", "LESS_EQUAL", "GREATER", "GREATER_EQUAL")


def kept(model: Model, how: Quantization) -> dict[int, None]:
    """The operators that stay float for the sake of integers, as exceptions from a recipe."""
    return dict.fromkeys(sorted(carriers(model))) if how.scheme == "static" else {}


def carriers(model: Model) -> frozenset[int]:
    """The operators of the main graph that lead to a cast to integers, by index."""
    operators = tflite.main_operators(model)
    makers = {tensor.index: op for op in operators for tensor in op.outputs}
    found: set[int] = set()
    for op in operators:
        if op.name == "CAST" and _is_float(op.inputs[0]) and not _is_float(op.outputs[0]):
            found |= set(_leading(makers, op.inputs[0]))
        elif op.name in _COMPARISONS and any(_was_cast(makers, tensor) for tensor in op.inputs):
            found.add(op.index)
            for tensor in op.inputs:
                found |= set(_leading(makers, tensor))
    return frozenset(found)


def _leading(makers: Mapping[int, Operator], tensor: Tensor) -> Iterator[int]:
    """Operators without weights that float values come through to a tensor."""
    waiting, seen = [tensor], {tensor.index}
    while waiting:
        last = waiting.pop()
        op = makers.get(last.index)
        if op is None or not _is_float(last) or (op.facts.has_weights and op.constants):
            continue
        if not op.facts.is_cast:
            yield op.index
        for operand in op.inputs:
            if operand.index not in seen:
                seen.add(operand.index)
                waiting.append(operand)


def _was_cast(makers: Mapping[int, Operator], tensor: Tensor) -> bool:
    """Whether a tensor holds integers that were cast to floats and only moved since."""
    op = makers.get(tensor.index)
    while op is not None and op.facts.only_moves:
        moved = op.operand(op.facts.activation)
        op = None if moved is None else makers.get(moved.index)
    return op is not None and op.name == "CAST" and not _is_float(op.inputs[0])


def _is_float(tensor: Tensor) -> bool:
    return tensor.dtype == "float32"
