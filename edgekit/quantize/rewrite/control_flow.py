"""What a recipe may do inside loops and branches: the bodies of WHILE and IF.

Keras' LSTM, GRU and every other recurrent layer is exported as a WHILE whose body computes one
step. What the body takes and gives (the states, the whole sequence, the counters) must keep one
type over all steps, and it is float: nothing of the graph around the loop says how large a state
grows. So a static recipe turns the products with weights inside a body into integers, each
between a QUANTIZE and a DEQUANTIZE, and leaves all else float: gates and states, which have
hardly any weights and are where rounding would add up from step to step. Ranges are those of all
steps of all calibration samples.

Measured in LiteRT on one thread, LSTM(256) over 50 steps: 0.29x of float's time and 0.28x of
its size; the same products with ranges taken while running take 0.30x, and tflite-runtime 2.14
cannot load them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from edgekit import tflite
from edgekit.core.records import Quantization
from edgekit.quantize.calibration.calibrate import Ranges
from edgekit.tflite import Model, Operator, Tensor

# Why operators of a body stay float in a static file.
REST = "in a loop or a branch (WHILE, IF): only products with weights become integer there"
NO_RANGE = "in a loop or a branch that no calibration sample reached: it has no range"

_LONGEST = 10_000  # where the quantizer cuts its names of operators off


@dataclass(frozen=True, slots=True, kw_only=True)
class Scopes:
    """What is treated alike inside bodies, by the names that the quantizer goes by.

    Attributes:
        how: What is asked for there; None for float.
        operators: All operators of the bodies.
        treated: Those of them that become what `how` says.
        sides: The bodies' arguments and results. The quantizer may call a result what it
            calls the operator that computes it.
    """

    how: Quantization | None
    operators: tuple[str, ...]
    treated: tuple[str, ...]
    sides: tuple[str, ...]


def owners(model: Model) -> dict[int, frozenset[int]]:
    """Which operators of the main graph run each subgraph, as loop or branch, by its number.

    A loop inside a loop belongs to the outer one's operator. Subgraphs that no WHILE or IF of
    the main graph leads to (of another signature, of a composite) are not among the keys.
    """
    main = tflite.binding(model).subgraph
    calls: dict[int, list[tuple[int, set[int]]]] = defaultdict(list)
    for op in tflite.operators(model):
        if op.facts.has_bodies:
            named = {getattr(op.options, name, -1) for name in op.facts.called_subgraphs}
            inside = {n for n in named if 0 <= n < len(model.subgraphs) and n != main}
            calls[op.subgraph].append((op.index, inside))
    callers: dict[int, set[int]] = defaultdict(set)
    waiting = [(index, number) for index, inside in calls[main] for number in inside]
    while waiting:
        index, number = waiting.pop()
        if index in callers[number]:
            continue
        callers[number].add(index)
        waiting += [(index, deeper) for _, inside in calls.get(number, ()) for deeper in inside]
    return {number: frozenset(by) for number, by in sorted(callers.items())}


def asked(
    by: frozenset[int], how: Quantization | None, exceptions: Mapping[int, Quantization | None]
) -> Quantization | None:
    """What is asked for inside a body that these operators of the main graph run.

    An exception for a loop holds inside it. Where two loops share a body and differ, it stays
    float.

    Args:
        by: One value of `owners`; none for a subgraph that no loop runs.
        how: The recipe's.
        exceptions: What single operators of the main graph have instead, by index.
    """
    wishes = {exceptions.get(index, how) for index in by} or {how}
    return wishes.pop() if len(wishes) == 1 else None


def multiplies_by_weights(op: Operator) -> bool:
    """Whether an operator multiplies activations by float weights that the file holds."""
    if not op.facts.is_integer_product:
        return False
    weights = [t for t in op.constants if t.dtype == "float32" and len(t.shape) >= 2]
    return bool(weights) and any(not t.is_constant and t.dtype == "float32" for t in op.inputs)


def scopes(
    model: Model,
    how: Quantization,
    exceptions: Mapping[int, Quantization | None],
    ranges: Ranges | None,
) -> list[Scopes]:
    """What becomes of each body, those with the same wish together.

    Bodies that have what the recipe says of all operators are not listed, unless it is static.

    Args:
        model: The float file.
        how: The recipe's.
        exceptions: What single operators of the main graph have instead, by index.
        ranges: Of activations, by name. A product that no sample reached has none and stays
            float.
    """
    main, by = tflite.binding(model).subgraph, owners(model)
    operators: dict[Quantization | None, list[str]] = defaultdict(list)
    treated: dict[Quantization | None, list[str]] = defaultdict(list)
    sides: dict[Quantization | None, list[str]] = defaultdict(list)
    for number in range(len(model.subgraphs)):
        if number == main:
            continue
        wish = asked(by.get(number, frozenset()), how, exceptions)
        if wish == how and how.scheme != "static":
            continue
        sides[wish] += _sides(model, number)
        for op in tflite.operators(model):
            if op.subgraph != number or not op.outputs:
                continue
            operators[wish].append(scope(op))
            if wish is None or number not in by:
                continue
            # Of a weight-only wish too: other constants may share a buffer with the main graph.
            known = wish.scheme != "static" or _has_ranges(op, ranges or {})
            if multiplies_by_weights(op) and known:
                treated[wish].append(scope(op))
    return [
        Scopes(
            how=wish,
            operators=tuple(operators[wish]),
            treated=tuple(treated[wish]),
            sides=tuple(names),
        )
        for wish, names in sides.items()
    ]


def scope(op: Operator) -> str:
    """What the quantizer calls an operator: the names of its outputs, each followed by ";"."""
    return _joined(op.outputs)


def _sides(model: Model, number: int) -> Iterator[str]:
    """What the quantizer calls the arguments and the results of a subgraph."""
    known, graph = tflite.tensors(model, number), model.subgraphs[number]
    for side in (graph.inputs, graph.outputs):
        if name := _joined([known[index] for index in side]):
            yield name


def _joined(tensors: Iterable[Tensor]) -> str:
    return "".join(f"{tensor.name};" for tensor in tensors if tensor.name)[:_LONGEST]


def _has_ranges(op: Operator, ranges: Ranges) -> bool:
    moving = [t for t in (*op.inputs, *op.outputs) if not t.is_constant]
    return all(t.name in ranges for t in moving)
