"""Operators that LiteRT computes in integers and that the quantizer does not know.

All that the quantizer has to know of an operator without weights is where its scales come from.
So it is given another one that it knows, with the same demands on scales and with the same
tensors (`OperatorFacts.stand_in`): ADD for LEAKY_RELU, RESHAPE for REDUCE_MAX. It puts integers
around that, as around its own, and afterwards the operator has its own name back. Nothing runs
what it reads in between.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from edgekit import tflite
from edgekit.core.records import Quantization
from edgekit.quantize.rewrite import check_applied
from edgekit.quantize.rewrite.cast_pairs import pairs
from edgekit.tflite import Model, Operator, operator_facts
from edgekit.tflite.graph_edits import operator_code
from edgekit.tflite.schema_objects import RawTensor


def indices(
    model: Model, how: Quantization, exceptions: Mapping[int, Quantization | None]
) -> frozenset[int]:
    """The operators of the main graph that another has to stand in for, by index.

    Args:
        model: The float file.
        how: What operators have.
        exceptions: What single ones have instead.
    """
    operators = tflite.main_operators(model)
    read = {tensor.index for op in operators for tensor in op.inputs}
    found = set()
    for op in operators:
        wish = exceptions.get(op.index, how)
        if not op.facts.stand_in or wish is None or wish.scheme != "static":
            continue
        # What reads a grid that is put right afterwards would have been given the other one.
        inside = _has_own_grid(op) and op.outputs[0].index in read
        if check_applied.treats(op, wish) and not inside:
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
            if _has_own_grid(old):
                _fix_range(graph.tensors[new.outputs[0].index], old.facts.fixed_range)


def _has_own_grid(op: Operator) -> bool:
    """Whether the kernel demands a scale that no operator of the quantizer's has."""
    return op.facts.scale_source == "fixed" != operator_facts.of(op.facts.stand_in).scale_source


def _fix_range(tensor: RawTensor, fixed: tuple[float, float] | None) -> None:
    """The grid of an int8 tensor that spans a fixed range, as kernels demand it, in place."""
    assert fixed is not None
    low, high = fixed
    scale = (high - low) / 256
    tensor.quantization.scale = np.array([scale], np.float32)
    tensor.quantization.zeroPoint = np.array([min(127, round(-128 - low / scale))], np.int64)
