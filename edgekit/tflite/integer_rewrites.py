"""Operators without a good integer kernel, as exact graphs of operators that have one.

Done to the float file itself, so that all files that derive from it have the same operators. NEG
and SQUARE have no kernel that heeds a zero point: `x * -1` and `x * x` are the same floats.
TensorFlow lowers softplus (and with it mish and log_sigmoid) to `log(exp(x) + 1)`, which overflows
from 89 on; in integers one scale has to hold `exp(x)`, and what it leaves of small values has a
logarithm that is far off, or none. `max(x, 0) - log(sigmoid(max(x, -x)))` is the same, with every
step in a narrow range.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from edgekit.tflite import bounded_roots, computed_weights
from edgekit.tflite.constants import values
from edgekit.tflite.graph import Operator, operators
from edgekit.tflite.graph_edits import add_constant, add_tensor, become, operator
from edgekit.tflite.read import read
from edgekit.tflite.schema_objects import Model, RawOperator, SubGraph
from edgekit.tflite.write import to_bytes


def rewritten(content: bytes) -> bytes:
    """A float file with its operators rewritten; the same bytes where there are none of them."""
    model = read(content)
    return to_bytes(model) if apply(model) else content


def apply(model: Model) -> int:
    """Rewrite the float operators of all graphs, in place.

    Args:
        model: A float model, as `read` returned it.

    Returns:
        How many were rewritten, with roots that are bounded anew (see `bounded_roots`).
    """
    count = computed_weights.fold(model) + bounded_roots.bound(model)
    known = list(operators(model))
    for number, graph in enumerate(model.subgraphs):
        mine = [op for op in known if op.subgraph == number]
        count += _negations_and_squares(model, graph, mine)
        for chain in _softplus_chains(model, graph, mine):
            _replace_softplus(model, graph, chain)
            count += 1
    return count


def _negations_and_squares(model: Model, graph: SubGraph, known: Sequence[Operator]) -> int:
    found = [op for op in known if op.name in ("NEG", "SQUARE") and _is_float(op)]
    minus_one = -1
    for op in found:
        raw = graph.operators[op.index]
        other = raw.inputs[0]
        if op.name == "NEG":
            if minus_one < 0:
                name = f"{op.outputs[0].name}/minus_one"
                minus_one = add_constant(model, graph, name, np.full((), -1, np.float32))
            other = minus_one
        raw.inputs = [raw.inputs[0], other]
        become(model, raw, "MUL")
    return len(found)


def _softplus_chains(
    model: Model, graph: SubGraph, known: Sequence[Operator]
) -> Iterator[tuple[Operator, Operator, Operator]]:
    """EXP, ADD and LOG of each `log(exp(x) + 1)` whose steps nothing else reads."""
    makers = {tensor.index: op for op in known for tensor in op.outputs}
    readers: dict[int, int] = {}
    for op in known:
        for tensor in op.inputs:
            readers[tensor.index] = readers.get(tensor.index, 0) + 1
    results = set(graph.outputs)
    for log in known:
        add = makers.get(log.inputs[0].index) if log.name == "LOG" and _is_float(log) else None
        if add is None or add.name != "ADD" or len(add.inputs) != 2 or _is_fused(add):
            continue
        terms = [tensor for tensor in add.inputs if not tensor.is_constant]
        exp = makers.get(terms[0].index) if len(terms) == 1 else None
        if exp is None or exp.name != "EXP" or not _is_one(model, add):
            continue
        steps = (exp.outputs[0].index, add.outputs[0].index)
        if all(readers[step] == 1 and step not in results for step in steps):
            yield exp, add, log


def _is_one(model: Model, add: Operator) -> bool:
    [constant] = add.constants
    stored = values(model, constant)
    return constant.dtype == "float32" and stored is not None and bool(np.all(stored == 1))


def _replace_softplus(
    model: Model, graph: SubGraph, chain: tuple[Operator, Operator, Operator]
) -> None:
    """`log(exp(x) + 1)` becomes `max(x, 0) - log(sigmoid(max(x, -x)))`.

    MAXIMUM in place of ABS and RELU, whose integers XNNPACK does not take: 4 us against 60 for
    16,384 values. EXP and ADD stay where they are as MUL and LOGISTIC; what follows LOG moves on.
    """
    exp, add, log = (_raw(graph, op) for op in chain)
    given, result, name = exp.inputs[0], log.outputs[0], chain[2].outputs[0].name
    size, log_sigmoid, positive = (
        add_tensor(graph, like=result, name=f"{name}/{what}")
        for what in ("size", "log_sigmoid", "positive")
    )
    minus_one, zero = (
        add_constant(model, graph, f"{name}/{what}", np.full((), value, np.float32))
        for what, value in (("minus_one", -1), ("zero", 0))
    )
    exp.inputs = [given, minus_one]
    become(model, exp, "MUL")
    add.inputs = [size]
    become(model, add, "LOGISTIC")
    log.outputs = [log_sigmoid]
    largest = operator(model, "MAXIMUM", [given, exp.outputs[0]], [size])
    relu = operator(model, "MAXIMUM", [given, zero], [positive])
    difference = operator(model, "SUB", [positive, log_sigmoid], [result])
    _insert_after(graph, log, relu, difference)
    _insert_after(graph, exp, largest)


def _insert_after(graph: SubGraph, raw: RawOperator, *others: RawOperator) -> None:
    place = next(i for i, one in enumerate(graph.operators) if one is raw)
    graph.operators[place + 1 : place + 1] = others


def _raw(graph: SubGraph, op: Operator) -> RawOperator:
    """An operator by what it gives: indices shift where others were added before it."""
    result = op.outputs[0].index
    return next(raw for raw in graph.operators if result in raw.outputs)


def _is_fused(op: Operator) -> bool:
    return bool(getattr(op.options, "fusedActivationFunction", 0))


def _is_float(op: Operator) -> bool:
    return bool(op.inputs and op.outputs) and all(
        tensor.dtype == "float32" for tensor in (*op.inputs, *op.outputs)
    )
