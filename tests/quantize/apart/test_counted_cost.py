"""Costs are counted: floats take longer where there are products, and casts take something."""

from __future__ import annotations

from edgekit import tflite
from edgekit.core import recipes
from edgekit.quantize.apart.counted_cost import counted_cost
from tests.quantize.tiny_models import picture_net

INT8 = recipes.get("static_wi8_ai8").quantize
DYNAMIC = recipes.get("dynamic_wi8_afp32").quantize
MODEL = tflite.read(picture_net())


def cost(**forms: object) -> float:
    assert INT8 is not None
    exceptions = {int(name[1:]): how for name, how in forms.items()}
    return counted_cost(MODEL, INT8, exceptions)


def test_a_convolution_costs_more_in_floats_than_with_dynamic_ranges() -> None:
    assert cost(o0=None) > cost(o0=DYNAMIC) > cost()


def test_an_operator_between_others_costs_casts() -> None:
    between = cost(o2=None) - cost()
    both = cost(o1=None, o2=None) - cost()
    alone = cost(o1=None) - cost()
    assert both < between + alone


def test_integer_outputs_need_no_cast() -> None:
    whole = recipes.get("static_wi8_ai8", "int8").quantize
    assert whole is not None
    assert counted_cost(MODEL, whole, {}) < cost()
