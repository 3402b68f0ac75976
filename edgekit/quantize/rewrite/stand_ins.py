"""Operators that LiteRT computes in integers and that the quantizer does not know.

All that the quantizer has to know of an operator without weights is where its scales come from.
So it is given another one that it knows, with the same demands on scales and with the same
tensors (`OperatorFacts.stand_in`): ADD for LEAKY_RELU, RESHAPE for REDUCE_MAX. It puts integers
around that, as around its own, and afterwards the operator has its own name back. Nothing runs
what it reads in between.
"""

from __future__ import annotations

from collections.abc import Mapping

from edgekit import tflite
from edgekit.core.records import Quantization
from edgekit.quantize.rewrite import check_applied
from edgekit.quantize.rewrite.cast_pairs import pairs
from edgekit.tflite import Model
from edgekit.tflite.integer_rewrites import operator_code


def indices(
    model: Model, how: Quantization, exceptions: Mapping[int, Quantization | None]
) -> frozenset[int]:
    """The operators of the main graph that another has to stand in for, by index.

    Args:
        model: The float file.
        how: What operators have.
        exceptions: What single ones have instead.
    """
    found = set()
    for op in tflite.main_operators(model):
        wish = exceptions.get(op.index, how)
        if op.facts.stand_in and wish is not None and wish.scheme == "static":
            if check_applied.treats(op, wish):
                found.add(op.index)
    return frozenset(found)


def substitute(model: Model, indices: frozenset[int]) -> None:
    """Put stand-ins in place of these operators of the main graph, in place."""
    if not indices:
        return
    graph = model.subgraphs[tflite.binding(model).subgraph]
    for op in tflite.main_operators(model):
        if op.index in indices:
            graph.operators[op.index].opcodeIndex = operator_code(model, op.facts.stand_in)


def restore(after: Model, before: Model, indices: frozenset[int]) -> None:
    """Give operators their own names back, in place.

    Args:
        after: What the quantizer made of the file with stand-ins.
        before: The float file itself.
        indices: Those that others stand in for.
    """
    if not indices:
        return
    main = tflite.binding(before).subgraph
    for old, new in pairs(before, after):
        if new is not None and old.subgraph == main and old.index in indices:
            graph = after.subgraphs[new.subgraph]
            graph.operators[new.index].opcodeIndex = operator_code(after, old.name)
