"""What the float file gives is found once, and no activation is kept for it."""

from __future__ import annotations

import numpy as np
import pytest

from edgekit import tflite
from edgekit.quantize.weights import float_outputs, matrices
from edgekit.quantize.weights.float_outputs import FloatOutputs
from edgekit.quantize.weights.matrices import Linear
from edgekit.tflite.step_interpreter import Steps
from tests.quantize.tiny_models import correlated, picture_net

MODEL = tflite.read(picture_net())
INPUTS = {"x": correlated(12, 7, 7, 3)}


def views() -> list[tuple[Linear, np.ndarray]]:
    """Each operator with weights, and some places of its output."""
    found = [matrices.view(MODEL, op) for op in tflite.main_operators(MODEL)]
    return [(one, np.arange(one.num_places(12))[::3]) for one in found if one is not None]


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Steps]:
    """Every run of the float file that was begun."""
    begun: list[Steps] = []

    def steps(*arguments: object) -> Steps:
        begun.append(Steps(*arguments))  # type: ignore[arg-type]  # as they come
        return begun[-1]

    monkeypatch.setattr(float_outputs, "Steps", steps)
    return begun


def test_outputs_are_those_of_the_float_file() -> None:
    exact, steps = FloatOutputs(MODEL, INPUTS), Steps(MODEL, INPUTS)
    known = {view.op.index: (view, places) for view, places in views()}
    assert len(known) == 4
    for op in tflite.main_operators(MODEL):
        steps.run(op)
        if op.index in known:
            view, places = known[op.index]
            values = view.activated(exact.at(view, places))
            rows = np.moveaxis(values, 0, 1).reshape(len(places), -1)
            expected = steps.stored(op.outputs[0]).reshape(-1, rows.shape[-1])[places]
            np.testing.assert_allclose(rows, expected, atol=1e-5)


def test_a_second_time_nothing_runs(opened: list[Steps]) -> None:
    exact = FloatOutputs(MODEL, INPUTS)
    first = [exact.at(view, places) for view, places in views()]
    exact.end()
    second = [exact.at(view, places) for view, places in views()]
    assert len(opened) == 1
    assert all(a is b for a, b in zip(first, second, strict=True))


def test_other_places_are_looked_at_anew(opened: list[Steps]) -> None:
    exact = FloatOutputs(MODEL, INPUTS)
    view, places = views()[1]
    whole = exact.at(view, np.arange(view.num_places(12)))
    exact.end()
    np.testing.assert_array_equal(exact.at(view, places), whole[:, places])
    assert len(opened) == 2


def test_what_has_no_room_is_computed_each_time(
    opened: list[Steps], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(float_outputs, "_KEPT_BYTES", 0)
    exact = FloatOutputs(MODEL, INPUTS)
    view, places = views()[0]
    first = exact.at(view, places)
    exact.end()
    np.testing.assert_array_equal(exact.at(view, places), first)
    assert len(opened) == 2
