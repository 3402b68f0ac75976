"""How long operators take by themselves in integers and in floats, on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from edgekit.quantize.rewrite.cast_pairs import pairs
from edgekit.search.budgets.knapsack import Costs
from edgekit.search.budgets.precision_forms import Choice
from edgekit.tflite import Model, Operator, main_operators
from edgekit.tflite.interpreter import Interpreter
from edgekit.tflite.step_interpreter import uses_resource
from edgekit.tflite.submodel import single

_WARMUPS, _ROUNDS = 3, 25
_LEAST_SECONDS = 1e-9


def measure(before: Model, after: Model, options: Sequence[Choice]) -> Costs:
    """The times of the forms of each operator with a choice.

    int4 and int8 weights take the same time, nearly, where int4 has a fast kernel: what is timed
    is the operator as `after` has it, beside the float one, each by itself and in turns. The time
    of a whole file is less than the sum; only differences are used.

    Args:
        before: The float file.
        after: A quantized file of it with as few floats as can be.
        options: The operators with their forms.
    """
    became = {old.index: new for old, new in pairs(before, after)}
    seconds: dict[int, tuple[float, ...]] = {}
    for choice in options:
        new = became.get(choice.op.index)
        if new is None or len(choice.forms) < 2 or uses_resource(choice.op) or uses_resource(new):
            continue
        as_float, quantized = _side_by_side([(before, choice.op), (after, new)])
        seconds[choice.op.index] = tuple(
            as_float if form.how is None or form.how.scheme == "weight_only" else quantized
            for form in choice.forms
        )
    return Costs(seconds=seconds, cast_seconds=_casts(after))


def _casts(after: Model) -> Callable[[int], float]:
    """Of a cast, by the number of values: as the largest one of the file."""
    found = [op for op in main_operators(after) if op.name == "QUANTIZE" and op.activations]
    if not found:
        return lambda _: 0.0
    largest = max(found, key=_size)
    [taken] = _side_by_side([(after, largest)])
    each = taken / max(1, _size(largest))
    return lambda size: each * size


def _size(op: Operator) -> int:
    return int(np.prod([abs(s) for s in op.outputs[0].shape]))


def _side_by_side(operators: Sequence[tuple[Model, Operator]]) -> list[float]:
    """The median seconds of each operator by itself, on one thread, in turns."""
    runners = []
    for model, op in operators:
        runner = Interpreter(single(model, op), 1)
        runner.allocate()
        for place, tensor in enumerate(op.activations):
            runner.set(place, np.zeros(runner.shapes[place], tensor.dtype))
        runners.append(runner)
    times = np.empty((_ROUNDS, len(runners)))
    for round_ in range(_WARMUPS + _ROUNDS):
        for number, runner in enumerate(runners):
            started = time.perf_counter()
            runner.outputs()
            if round_ >= _WARMUPS:
                times[round_ - _WARMUPS, number] = time.perf_counter() - started
    return [max(_LEAST_SECONDS, float(value)) for value in np.median(times, axis=0)]
