"""How long operators take by themselves in each of their forms, on this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import numpy as np

from edgekit.quantize.rewrite.cast_pairs import pairs
from edgekit.search.budgets.knapsack import Costs
from edgekit.search.budgets.precision_forms import Choice, Form
from edgekit.tflite import Model, Operator, main_operators
from edgekit.tflite.interpreter import Interpreter
from edgekit.tflite.step_interpreter import uses_resource
from edgekit.tflite.submodel import single

_WARMUPS, _ROUNDS = 3, 25
_TYPICAL = 0.25  # quantile
_LEAST_SECONDS = 1e-9


def measure(before: Model, narrow: Model, wide: Model, options: Sequence[Choice]) -> Costs:
    """The times of the forms of each operator with a choice.

    Each form is timed by itself, in turns with the others. The time of a whole file is less than
    the sum; only differences are used. Whether int4 takes longer than int8 depends on the machine.

    Args:
        before: The float file.
        narrow: A file of it in which each operator has the first of its forms.
        wide: Another in which it has the last that is not float.
        options: The operators with their forms.
    """
    files = (narrow, wide)
    became = [{old.index: new for old, new in pairs(before, after)} for after in files]
    seconds: dict[int, tuple[float, ...]] = {}
    for choice in options:
        found = [new.get(choice.op.index) for new in became]
        ops = [choice.op, *(op for op in found if op is not None)]
        if len(ops) < 3 or len(choice.forms) < 2 or any(uses_resource(op) for op in ops):
            continue
        timed = _side_by_side(list(zip((before, *files), ops, strict=True)))
        seconds[choice.op.index] = tuple(
            timed[_file(place, choice.forms)] for place in range(len(choice.forms))
        )
    return Costs(seconds=seconds, cast_seconds=_casts(wide))


def _file(place: int, forms: Sequence[Form]) -> int:
    """Which file has a form: 0 is float's, whose time weights alone do not change."""
    how = forms[place].how
    if how is None or how.scheme == "weight_only":
        return 0
    return 1 if place == 0 else 2


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
    """The seconds of each operator by itself, on one thread, in turns.

    A low quantile: what other work on the machine adds is not the operator's.
    """
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
    return [max(_LEAST_SECONDS, float(value)) for value in np.quantile(times, _TYPICAL, axis=0)]
