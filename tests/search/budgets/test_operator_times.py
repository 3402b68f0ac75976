"""Operators' own times: each form's from the file that has it."""

from __future__ import annotations

import pytest

from edgekit import tflite
from edgekit.quantize.rewrite import engine
from edgekit.search.budgets import operator_times
from tests.search.budgets.budget_models import DENSE, STATIC4, STATIC8, WEIGHTS4, options, prepared


@pytest.fixture
def simulated(monkeypatch):
    """In place of a clock: a second for floats, two for int8 weights, three for int4."""

    def side_by_side(operators):
        return [{"float32": 1.0, "int4": 3.0}.get(_stored(op), 2.0) for _, op in operators]

    monkeypatch.setattr(operator_times, "_side_by_side", side_by_side)


def _stored(op) -> str:
    return op.weight.dtype if op.weight is not None else op.outputs[0].dtype


def measured(recipe=STATIC4):
    before = tflite.read(DENSE)
    ranges = prepared().ranges if recipe is STATIC4 else None
    convolutions = dict.fromkeys((0, 1), STATIC8.quantize) if recipe is STATIC4 else {}
    narrow = engine.quantized(DENSE, recipe, ranges, convolutions)
    wide = engine.quantized(DENSE, STATIC8, prepared().ranges)
    return operator_times.measure(before, narrow, wide, options(recipe))


def test_each_form_has_its_own_time(simulated):
    costs = measured()
    forms = {one.op.index: [form.weight_bits for form in one.forms] for one in options()}
    for index, taken in costs.seconds.items():
        assert list(taken) == [{4: 3.0, 8: 2.0, 32: 1.0}[bits] for bits in forms[index]], index
    assert set(costs.seconds) == {0, 1, 2, 3, 4, 5}
    assert costs.cast_seconds(2 * 7 * 7 * 4) == pytest.approx(2 * costs.cast_seconds(7 * 7 * 4))


def test_weights_that_are_stored_narrow_alone_take_floats_time(simulated):
    for taken in measured(WEIGHTS4).seconds.values():
        assert set(taken) == {1.0}


def test_a_clock_times_them():
    costs = measured()
    assert all(0 < taken < 0.1 for each in costs.seconds.values() for taken in each)
    assert costs.cast_seconds(100) > 0
